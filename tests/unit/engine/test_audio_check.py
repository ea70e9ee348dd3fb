import ipaddress

import pytest

from signalbox.engine.audio_check import Address, ContactSource, Severity, contact_source, findings
from signalbox.settings import Settings, Sip

LAN = ipaddress.ip_address("192.168.1.10")
LOOPBACK = ipaddress.ip_address("127.0.0.1")
PUBLIC = ipaddress.ip_address("203.0.114.7")
INSIDE = ContactSource("101", ipaddress.ip_address("192.168.1.50"))
OUTSIDE = ContactSource("100", ipaddress.ip_address("198.51.101.9"))
VPN = ContactSource("102", ipaddress.ip_address("10.9.0.3"))


def codes(sip: Sip, *contacts: ContactSource, machine: tuple[Address, ...] = (LOOPBACK, LAN)) -> list[str]:
    return [each.code for each in findings(Settings(data="/d", sip=sip), machine, contacts)]


def test_a_usual_office_has_no_findings() -> None:
    assert codes(Sip(), INSIDE) == []
    assert codes(Sip(external_address=str(PUBLIC)), INSIDE) == []


def test_phones_outside_without_an_external_address() -> None:
    assert codes(Sip(), INSIDE, OUTSIDE) == ["external_address_unset", "firewall_media"]


def test_a_machine_with_a_public_address_needs_no_external_one() -> None:
    assert codes(Sip(), OUTSIDE, machine=(LOOPBACK, PUBLIC)) == ["firewall_media"]


def test_phones_outside_with_an_external_address() -> None:
    assert codes(Sip(external_address=str(PUBLIC)), OUTSIDE) == ["firewall_media"]


@pytest.mark.parametrize("address", ["192.168.1.10", "10.0.0.1", "127.0.0.1", "100.64.3.4"])
def test_an_external_address_that_nobody_outside_can_reach(address: str) -> None:
    assert "external_address_private" in codes(Sip(external_address=address))


def test_a_local_network_that_is_missing() -> None:
    sip = Sip(external_address=str(PUBLIC), local_networks=("10.0.0.0/8",))
    assert codes(sip) == ["local_network_missing"]
    assert "192.168.1.10" in findings(Settings(data="/d", sip=sip), [LAN])[0].cure


def test_a_local_network_that_is_too_wide() -> None:
    assert codes(Sip(external_address=str(PUBLIC), local_networks=("0.0.0.0/0",))) == ["local_network_too_wide"]


def test_a_vpn_that_is_not_local() -> None:
    sip = Sip(external_address=str(PUBLIC), local_networks=("192.168.1.0/24",))
    assert codes(sip, VPN) == ["contact_outside_local_networks"]


def test_settings_that_cannot_work() -> None:
    assert codes(Sip(bind="127.0.0.1")) == ["bound_to_loopback"]
    assert codes(Sip(local_networks=("192.168.1.0/24", "lan"))) == ["local_network_unreadable"]


@pytest.mark.parametrize(
    ("sip", "code"),
    [
        (Sip(rtp_start=20000, rtp_end=10000), "media_range_empty"),
        (Sip(rtp_start=10000, rtp_end=10019), "media_range_small"),
        (Sip(udp_port=12000), "media_range_overlap"),
        (Sip(rtp_start=4500, rtp_end=4999), "media_range_overlap"),
    ],
)
def test_media_ports(sip: Sip, code: str) -> None:
    assert codes(sip) == [code]


def test_the_surest_cause_comes_first() -> None:
    found = findings(Settings(data="/d", sip=Sip(udp_port=12000)), [LAN], [OUTSIDE])
    assert [each.severity for each in found] == [Severity.PROBLEM, Severity.PROBLEM, Severity.HINT]
    assert all(each.cause and each.cure for each in found)


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sip:100@198.51.101.9:5062;transport=udp", "198.51.101.9"),
        ("sip:198.51.101.9", "198.51.101.9"),
        ("sips:100@[2001:db8::1]:5061", "2001:db8::1"),
    ],
)
def test_the_address_of_a_contact(uri: str, address: str) -> None:
    assert contact_source("100", uri) == ContactSource("100", ipaddress.ip_address(address))


@pytest.mark.parametrize("uri", ["sip:k3j2@df7jal23ls0d.invalid;transport=ws", "", "tel:+1555", "sip:"])
def test_a_contact_without_an_address(uri: str) -> None:
    assert contact_source("100", uri) is None
