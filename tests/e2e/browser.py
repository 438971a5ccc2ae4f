"""A real Chromium for the tests: a small WebDriver client over the standard library.

Debian packages chromium and chromium-driver; `infra/test` installs them.
"""

import base64
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.request

import harness

#: Nothing of Chromium's own traffic, so that what is requested is what the pages request.
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage", "--hide-scrollbars", "--force-device-scale-factor=1",
             # A page that was left is gone, and asks for nothing any more.
             "--disable-features=BackForwardCache")
NOWHERE = "about:blank"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name that W3C WebDriver gives to element references
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": " ", "Shift": "\ue008"}


def program(name, package):
    path = shutil.which(name)
    if not path:
        raise AssertionError(f"{name} is not installed; infra/test installs it, by hand: apt-get install {package}")
    return path


class Browser:
    """One headless Chromium with a fresh profile. Use it as a context manager."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="telemetra-chromium-")
        chromium = program("chromium", "chromium")
        self.driver = subprocess.Popen([program("chromedriver", "chromium-driver"), "--port=0"],
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            self.base = f"http://127.0.0.1:{self._driver_port()}"
            self.session = self._start(chromium)
        except BaseException:
            self._end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", "")
        finally:
            self._end()

    def _driver_port(self):
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return int(found.group(1))
        raise AssertionError("chromedriver ended before it listened")

    def _start(self, chromium):
        options = {"binary": chromium, "args": [*ARGUMENTS, f"--user-data-dir={self.profile.name}"],
                   "perfLoggingPrefs": {"enableNetwork": True, "enablePage": False}}
        wanted = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options,
                                  "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}
        answer = self._send("POST", f"{self.base}/session", {"capabilities": wanted})
        return f"{self.base}/session/{answer['sessionId']}"

    def _end(self):
        self.driver.terminate()
        self.driver.wait()
        self.driver.stdout.close()
        self.profile.cleanup()

    @staticmethod
    def _send(method, url, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=harness.PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"WebDriver: {json.load(error)['value']['message']}") from None

    def _call(self, method, path, body=None):
        return self._send(method, self.session + path, body)

    def _devtools(self, command, **parameters):
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    # --- what a person does ---

    def open(self, url):
        self._call("POST", "/url", {"url": url})

    def size(self, width, height):
        self._devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                       mobile=False)

    def prefers(self, theme):
        """The system's theme: "dark" or "light"."""
        self._devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])

    def press(self, key, times=1, shift=False):
        steps = [{"type": kind, "value": KEYS.get(key, key)} for kind in ("keyDown", "keyUp")] * times
        if shift:
            steps = [{"type": "keyDown", "value": KEYS["Shift"]}, *steps, {"type": "keyUp", "value": KEYS["Shift"]}]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": steps}]})

    def type(self, text):
        for letter in text:
            self.press(letter)

    def point_at(self, selector):
        element = self._call("POST", "/element", {"using": "css selector", "value": selector})
        move = {"type": "pointerMove", "duration": 0, "origin": element, "x": 0, "y": 0}
        self._call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [move]}]})

    def click(self, selector):
        element = self._call("POST", "/element", {"using": "css selector", "value": selector})
        self._call("POST", f"/element/{element[ELEMENT]}/click", {})

    # --- what is there to see ---

    def script(self, text, *arguments):
        """The value of a function body run in the page."""
        return self._call("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    def wait(self, expression, what=None):
        """Waits until an expression in the page is true; its value."""
        return harness.wait_until(lambda: self.script(f"return ({expression})"), what or expression)

    def text(self, selector):
        return self.script("return document.querySelector(arguments[0])?.textContent ?? null", selector)

    def screenshot(self, path, whole=True):
        """Writes a PNG of the whole page, or of what the window shows."""
        picture = self._devtools("Page.captureScreenshot", captureBeyondViewport=whole, format="png", **(
            {"clip": {**self._page_size(), "x": 0, "y": 0, "scale": 1}} if whole else {}))
        pathlib.Path(path).write_bytes(base64.b64decode(picture["data"]))

    def _page_size(self):
        return self.script("const root = document.documentElement;"
                           "return {width: root.clientWidth, height: root.scrollHeight}")

    # --- what it noted since the last call ---

    def leave(self):
        """Leaves the page, whose server may stop then; (console, requests) of the pages since the last call."""
        self.open(NOWHERE)
        return self.console(), self.requests()

    def console(self):
        """Messages of warnings and errors: [(source, text)]; "network" is what the browser itself says of requests."""
        entries = self._call("POST", "/se/log", {"type": "browser"})
        return [(entry.get("source", ""), entry["message"]) for entry in entries
                if entry["level"] in ("WARNING", "SEVERE")]

    def requests(self):
        """Addresses that the pages asked for, sockets too."""
        urls = []
        for entry in self._call("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                urls.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                urls.append(message["params"]["url"])
        return urls
