"""A page in headless chromium: what it says, how wide it is, its picture, its print, and what axe finds.

`python tests/programs/browser.py PAGE.html ...` prints what axe finds in each page, in light and in dark, and exits
with 1 if it finds anything. `make axe` installs axe first.
"""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("AXE", ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"))
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"),
    *("--hide-scrollbars", "--virtual-time-budget=20000"),
)
DARK = "--blink-settings=preferredColorScheme=0"
MEASURE = "<script>parent.postMessage(document.documentElement.scrollWidth + ' of ' + innerWidth, '*')</script>"
# a window of chromium is never narrower than 500 pixels, a frame may be
FRAME = """<!doctype html><title>no answer</title><body style="margin: 0"><script>
onmessage = (event) => { document.title = event.data; };
</script><iframe style="border: 0" width="%d" height="%d" src="%s"></iframe>"""
POLICY = re.compile(r"<meta http-equiv=.Content-Security-Policy.*?>")
RUN_AXE = """<script>
axe.run().then((found) => {
  document.body.innerHTML = "<pre id=axe></pre>";
  document.getElementById("axe").textContent = JSON.stringify(found.violations.map(
    (one) => ({rule: one.id, help: one.help, places: one.nodes.map((node) => node.html.slice(0, 200))})));
});
</script>"""


def opened(page: Path, profile: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """What the browser made of a page, and what it had to say.

    Args:
        page: a file.
        profile: folder that the browser may write to.
        flags: more of them, such as `--window-size=1280,900`.
    """
    assert CHROMIUM is not None
    command = [CHROMIUM, *QUIET, f"--user-data-dir={profile}", *flags, page.resolve().as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def with_script(page: Path, script: str, copy: Path) -> Path:
    """A copy of a page that a script of ours may run in."""
    text = POLICY.sub("", page.read_text(encoding="utf-8"))
    copy.write_text(text.replace("</body>", f"{script}</body>"), encoding="utf-8")
    return copy


def framed(page: Path, window: tuple[int, int], folder: Path) -> Path:
    """A page in a frame as wide and as high as a window."""
    frame = folder / "frame.html"
    frame.write_text(FRAME % (*window, page.resolve().as_uri()), encoding="utf-8")
    return frame


def width_of(page: Path, folder: Path, window: int) -> tuple[int, int]:
    """How wide a page is, and the window that it is in, in pixels.

    Args:
        page: a file.
        folder: to write to.
        window: wide.
    """
    copy = with_script(page, MEASURE, folder / "measured.html")
    size = f"--window-size={max(window, 500)},900"
    dom = opened(framed(copy, (window, 900), folder), folder / "profile", size, "--dump-dom").stdout
    found = re.search(r"<title>(\d+) of (\d+)</title>", dom)
    assert found is not None, dom[:500]
    return int(found[1]), int(found[2])


def picture(page: Path, target: Path, folder: Path, window: tuple[int, int], *, dark: bool = False) -> None:
    """Write a PNG of a page.

    Args:
        page: a file.
        target: of the picture.
        folder: to write to.
        window: its width and height in pixels.
        dark: whether the reader likes it dark.
    """
    shown = framed(page, window, folder) if window[0] < 500 else page
    size = f"--window-size={max(window[0], 500)},{window[1]}"
    flags = [f"--screenshot={target.resolve()}", size, *([DARK] if dark else [])]
    opened(shown, folder / "profile", *flags)


def printed(page: Path, target: Path, folder: Path) -> None:
    """Write a PDF of a page."""
    opened(page, folder / "profile", "--no-pdf-header-footer", f"--print-to-pdf={target.resolve()}")


def violations(page: Path, folder: Path, *, dark: bool = False) -> list[str]:
    """What axe finds, a line each.

    Args:
        page: a file.
        folder: to write to.
        dark: whether the reader likes it dark.
    """
    shown = page.read_text(encoding="utf-8").replace("<details", "<details open").replace("open open", "open")
    whole = folder / "whole.html"
    whole.write_text(re.sub(r"(<details open[^>]*?) open(?=>)", r"\1", shown), encoding="utf-8")
    copy = with_script(whole, f"<script>{AXE.read_text(encoding='utf-8')}</script>{RUN_AXE}", folder / "axe.html")
    dom = opened(copy, folder / "profile", "--dump-dom", "--window-size=1280,900", *([DARK] if dark else [])).stdout
    found = re.search(r'<pre id="axe">(.*?)</pre>', dom, re.DOTALL)
    if found is None:
        raise AssertionError(f"axe did not answer on {page}")
    return [f"{one['rule']}: {one['help']}: {one['places']}" for one in json.loads(html.unescape(found[1]))]


def main(pages: Sequence[str]) -> int:
    """Print what axe finds in each page."""
    if CHROMIUM is None or not AXE.is_file():
        print("needs chromium and axe-core (make axe)")
        return 2
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for page in pages:
            for dark in (False, True):
                found = violations(Path(page), Path(folder), dark=dark)
                bad += len(found)
                print(f"{page}, {'dark' if dark else 'light'}: {len(found)} violations")
                print("".join(f"  {line}\n" for line in found), end="")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
