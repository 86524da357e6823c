"""What server reflection looks descriptors up in."""

from typing import Any, cast

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor


def reflected_pool() -> descriptor_pool.DescriptorPool:
    """The default pool, with methods among what can be looked up in it."""
    return cast("descriptor_pool.DescriptorPool", _PoolWithMethods())


class _PoolWithMethods:
    """Looks symbols up as it does, and methods by their services.

    The protocol has them so (grpc/reflection/v1alpha/reflection.proto: `file_containing_symbol`),
    and `grpcurl describe package.Service.Method` asks for them; protobuf's pool knows none.
    """

    def __init__(self) -> None:
        self._pool = descriptor_pool.Default()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802 (the pool's)
        """Raises KeyError if there is none."""
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            service, _, method = symbol.rpartition(".")
            found = self._pool.FindServiceByName(service).methods_by_name[method]
            return found.containing_service.file
