"""Parameters of an execution, and what an integration is handed for each."""

from typing import Any

# Each member of ValueType: as it is sent in JSON, and as plain JSON.
VALUES: dict[str, tuple[Any, Any]] = {
    "stringValue": ("grüße \"'\\ 🎉", "grüße \"'\\ 🎉"),
    "intValue": ("-9007199254740993", -9007199254740993),
    "doubleValue": (2.5, 2.5),
    "booleanValue": (True, True),
    "stringArray": ({"stringValues": ["a", "", "ж"]}, ["a", "", "ж"]),
    "intArray": ({"intValues": ["1", "-2"]}, [1, -2]),
    "doubleArray": ({"doubleValues": [0.5, 1e300]}, [0.5, 1e300]),
    "booleanArray": ({"booleanValues": [True, False]}, [True, False]),
    "jsonValue": ('{"a": [1, null, {"b": 2}]}', {"a": [1, None, {"b": 2}]}),
}
