"""A coordinator's browser, as far as releasing an alert needs one: signs in by phone, writes, looks over, sends."""

import re
import urllib.request
from http.cookiejar import CookieJar
from urllib.parse import urlencode

from _processes import Referee, wait_until
from _product import Product

COORDINATOR = "+32400000001"
_HIDDEN = re.compile(r'name="(csrf_token|form_token)" value="([^"]*)"')


class Browser:
    """One browser on the pages of a product."""

    def __init__(self, product: Product) -> None:
        self._url = product.url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._page = ""
        self.address = ""

    def sign_in(self, referee: Referee) -> None:
        """Sign in as the demo's coordinator, with the code that their phone gets."""
        self._get("/sign-in/phone")
        self._post("/sign-in/phone", number=COORDINATOR)
        code = wait_until("the code", lambda: _code_in(referee), 20)
        self._post("/sign-in/code", code=code)
        assert "/sign-in" not in self.address, self.address

    def look_over(self, text: str) -> None:
        """Write an info alert, up to the page with the button that sends."""
        self._get("/groups/demo/alerts/new")
        path = self.address.removeprefix(self._url)
        self._post(path, kind="info", category="prevention", language="nl", text=text, do="review")
        assert self.address.endswith("/review"), self.address

    def send(self) -> None:
        """Press that button."""
        self._post(self.address.removeprefix(self._url))
        assert not self.address.endswith("/review"), self.address

    def _get(self, path: str) -> None:
        self._open(urllib.request.Request(self._url + path))

    def _post(self, path: str, **fields: str) -> None:
        form = dict(_HIDDEN.findall(self._page)) | fields
        headers = {"Referer": self.address, "Origin": self._url}
        self._open(urllib.request.Request(self._url + path, urlencode(form).encode(), headers))

    def _open(self, request: urllib.request.Request) -> None:
        with self._opener.open(request, timeout=20) as answer:
            self._page, self.address = answer.read().decode(), answer.url


def _code_in(referee: Referee) -> str | None:
    for _at, to, _sid, _callback, text in referee.books():
        if to.endswith(COORDINATOR) and (found := re.search(r"\b(\d{3}) ?(\d{3})\b", text)):
            return found[1] + found[2]
    return None
