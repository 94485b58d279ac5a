import ssl

from njst.cli.api_client import authorities_for


def test_authorities__no_url_of_tls__are_none_and_no_server_is_accepted() -> None:
    context = authorities_for(["http://127.0.0.1:5000", "HTTP://[::1]:5000/prefix"])
    assert isinstance(context, ssl.SSLContext)
    assert context.get_ca_certs() == []
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_authorities__any_url_of_tls__are_the_default_ones() -> None:
    assert authorities_for(["http://one:5000", "https://two"]) is True
    assert authorities_for(["HTTPS://two"]) is True
