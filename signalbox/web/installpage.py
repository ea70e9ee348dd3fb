"""``/install-certificate``: how a device learns to trust this installation; for people who are not signed in."""

import html
from pathlib import Path
from string import Template
from typing import Any

from litestar import MediaType, Request, Response, get

from signalbox.settings import Settings
from signalbox.web.access import PUBLIC
from signalbox.web.certificates import fingerprint
from signalbox.web.errors import ApiError, ErrorCode
from signalbox.web.given import Given

_PAGE = Path(__file__).parent / "pages" / "install-certificate.html"


@get("/install-certificate", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def install_page(request: Request[Any, Any, Any], settings: Given[Settings]) -> Response[str]:
    """Explain per platform; works on plain loopback, too."""
    host, port = request.base_url.hostname or "localhost", settings.web.https_port
    address = f"https://{f'[{host}]' if ':' in host else host}{'' if port == 443 else f':{port}'}/"
    page = Template(_PAGE.read_text()).substitute(fingerprint=_fingerprint(settings), https=html.escape(address))
    return Response(page, media_type=MediaType.HTML)


@get("/ca.crt", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def ca_certificate(settings: Given[Settings]) -> Response[bytes]:
    """Answer the authority's certificate, which is no secret."""
    _fingerprint(settings)
    return Response(
        settings.paths.ca_cert.read_bytes(),
        media_type="application/x-x509-ca-cert",
        headers={"Content-Disposition": 'attachment; filename="signalbox-ca.crt"'},
    )


def _fingerprint(settings: Settings) -> str:
    try:
        return fingerprint(settings)
    except (OSError, ValueError) as error:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no certificate authority here") from error
