"""Which addresses may be called."""

import pytest

from tocsin.outgoing.reach import AddressRefused, Reach, parse_networks

NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::1",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "::ffff:0.0.0.0",
    "224.0.0.1",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "::ffff:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "2002:a00:1::1",
    "fc00::1",
    "fec0::1",
    "2001:db8::1",
    "2001::1",
    "4000::1",
]
LOOPBACK = ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]
PUBLIC = ["93.184.215.14", "2606:4700::1111", "64:ff9b::8.8.8.8", "2002:808:808::1"]
EVERYTHING = Reach(parse_networks(["0.0.0.0/0", "::/0"]))


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_called_whatever_is_allowed(address: str) -> None:
    with pytest.raises(AddressRefused, match="never called"):
        EVERYTHING.check_named("target.example", address)
    with pytest.raises(AddressRefused, match="never called"):
        EVERYTHING.check_written(address, address)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_leads_to_no_private_address(address: str) -> None:
    with pytest.raises(AddressRefused, match=r"networks in \[targets\]"):
        Reach().check_named("target.example", address)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_leads_to_an_address_of_a_network_that_is_allowed(address: str) -> None:
    EVERYTHING.check_named("target.example", address)


@pytest.mark.parametrize("address", [*PRIVATE, *LOOPBACK, *PUBLIC])
def test_an_address_that_was_written_is_called_as_it_was_written(address: str) -> None:
    Reach(()).check_written(address, address)


@pytest.mark.parametrize("address", [*LOOPBACK, *PUBLIC])
def test_a_name_leads_to_public_addresses_and_to_this_machine(address: str) -> None:
    Reach().check_named("target.example", address)


@pytest.mark.parametrize("address", LOOPBACK)
def test_without_networks_no_name_but_localhost_leads_to_this_machine(address: str) -> None:
    Reach(()).check_named("localhost", address)
    Reach(()).check_named("LOCALHOST.", address)
    with pytest.raises(AddressRefused):
        Reach(()).check_named("target.example", address)


def test_localhost_is_no_other_machine() -> None:
    with pytest.raises(AddressRefused):
        Reach(()).check_named("localhost", "10.0.0.1")


def test_only_the_network_that_is_allowed_is() -> None:
    reach = Reach(parse_networks(["10.0.0.0/8"]))
    reach.check_named("target.example", "10.1.2.3")
    reach.check_named("target.example", "::ffff:10.1.2.3")
    with pytest.raises(
        AddressRefused, match=r"target\.example has the private address 192\.168\.0\.1"
    ):
        reach.check_named("target.example", "192.168.0.1")


@pytest.mark.parametrize("network", ["10.0.0.0/33", "10.0.0.1/8", "internal"])
def test_what_is_no_network_is_refused(network: str) -> None:
    with pytest.raises(ValueError, match=network):
        parse_networks([network])


@pytest.mark.parametrize("address", [*LOOPBACK, *NEVER, *PRIVATE])
def test_a_document_of_another_server_leads_to_no_private_address(address: str) -> None:
    reach = Reach().of_foreign_documents()
    for host in ("target.example", "localhost", address):
        with pytest.raises(AddressRefused):
            reach.check_named(host, address)
        with pytest.raises(AddressRefused):
            reach.check_written(host, address)


@pytest.mark.parametrize("address", LOOPBACK)
def test_no_network_lets_such_a_document_lead_to_this_machine(address: str) -> None:
    with pytest.raises(AddressRefused, match="into the settings"):
        EVERYTHING.of_foreign_documents().check_written(address, address)


@pytest.mark.parametrize("address", [*PUBLIC, "10.0.0.1", "::ffff:10.0.0.1"])
def test_such_a_document_leads_to_public_and_listed_addresses(address: str) -> None:
    reach = Reach(parse_networks(["10.0.0.0/8"])).of_foreign_documents()
    reach.check_named("target.example", address)
    reach.check_written(address, address)
