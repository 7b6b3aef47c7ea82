"""Fetches the portal's third-party files, pinned, and writes what the package ships of them.

Knows npm (and Node, which reads the design tokens), exact versions and their integrity. Refuses to know how the portal
uses the files, but for two questions that it asks its sources: which tokens the stylesheet names, and which icons the
templates name; only those are shipped. What it writes is committed: building and running the product need no Node.

    python scripts/vendor_assets.py write    fetch, and write static files, licences and the manifest
    python scripts/vendor_assets.py check    exit 1 and say what is wrong, one line each; needs no network
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from fontTools import subset  # type: ignore[import-untyped]  # it ships no types

ROOT: Final = Path(__file__).resolve().parent.parent
PORTAL: Final = ROOT / "src" / "commcredits" / "edges" / "portal"
STATIC: Final = PORTAL / "static"
TEMPLATES: Final = PORTAL / "templates"
MENUS: Final = (PORTAL / "menu.py", PORTAL / "console_menu.py")
VENDOR: Final = STATIC / "vendor"
MANIFEST: Final = VENDOR / "manifest.json"

_ICON: Final = re.compile(r"""\bicon\(\s*"([a-z_0-9]+)"(?:,\s*"(filled|regular)")?""")
_MENU_ICON: Final = re.compile(r"""\bicon="([a-z_0-9]+)\"""")
_TOKEN: Final = re.compile(r"var\(--((?:color|shadow|spacing|borderRadius|duration|curve)[A-Za-z0-9]+)\)")
_PATHS: Final = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package of the npm registry at one version; ``integrity`` is the registry's SHA-512 of its archive."""

    name: str
    version: str
    licence: str
    integrity: str


HTMX: Final = Package(
    name="htmx.org",
    version="4.0.1",
    licence="0BSD",
    integrity="sha512-oF7JgXhDW9UXCy/k1ZYFUQgzu/rm19ORWPSPNL91vPluB2PB9+MV55tyQdH/w7o2EAbTYUG5SDW1R60mdkdqGg==",
)
TOKENS: Final = Package(
    name="@fluentui/tokens",
    version="1.0.0-alpha.24",
    licence="MIT",
    integrity="sha512-YrjGQfnxBR+9o8wXyTflON3Ohsv7OrZWYLVRU+7RaiFO1gcu36iDm3WjudlVmYuWRLDO0Gmxotm6RQNhbZuEQQ==",
)
ICONS: Final = Package(
    name="@fluentui/svg-icons",
    version="1.1.343",
    licence="MIT",
    integrity="sha512-+rlKFnM2MkAg2G0qMD3BM/K3jC+Jc+VAKgxE7x9cpCPDDNpwKaOSD0DntUkVXrZGOjBvfmID0DoRslsXbC8X5Q==",
)
FONT: Final = Package(
    name="@fontsource-variable/inter",
    version="5.3.0",
    licence="OFL-1.1",
    integrity="sha512-OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==",
)
ROMANIAN_LETTERS: Final = "ĂăȘșȚțŞşŢţ"
"""What Romanian has beyond the letters of the basic font; the cedilla is how older texts write the comma below."""

PACKAGES: Final = (HTMX, TOKENS, ICONS, FONT)

ICONS_NOTICE: Final = """\
@fluentui/svg-icons

Its package metadata states the MIT licence and its repository the notice "Copyright (c) Microsoft Corp. All rights
reserved."; the archive carries no licence file of its own, so the licence's text follows here.

MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendored:
    """A file to ship: its path below the vendor folder, its content, and the package that it comes from."""

    path: str
    content: bytes
    package: Package
    source: str


def icons_used() -> tuple[str, ...]:
    """The icons that the templates and the menus name, as ``add_20_regular``, sorted."""
    found: set[str] = set()
    for template in TEMPLATES.rglob("*.html"):
        for name, style in _ICON.findall(template.read_text("utf-8")):
            found.add(f"{name}_20_{style or 'regular'}")
    for menu in MENUS:
        found.update(f"{name}_20_regular" for name in _MENU_ICON.findall(menu.read_text("utf-8")))
    return tuple(sorted(found))


def tokens_used() -> tuple[str, ...]:
    """The design tokens that the stylesheets name, sorted."""
    named: set[str] = set()
    for sheet in STATIC.glob("*.css"):
        named.update(_TOKEN.findall(sheet.read_text("utf-8")))
    return tuple(sorted(named))


def fetch(package: Package, folder: Path) -> tarfile.TarFile:
    """The package's archive, fetched with npm's own client; ValueError when it is not the pinned one."""
    specifier = f"{package.name}@{package.version}"
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), specifier]
    archive = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout.split()[-1]
    content = (folder / archive).read_bytes()
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode("ascii")
    if integrity != package.integrity:
        raise ValueError(f"{specifier} has the integrity {integrity}, not the pinned one")
    return tarfile.open(folder / archive)


def member(archive: tarfile.TarFile, name: str) -> bytes:
    """One file of an archive; KeyError when there is none."""
    extracted = archive.extractfile(f"package/{name}")
    if extracted is None:
        raise KeyError(name)
    return extracted.read()


def sprite(archive: tarfile.TarFile, names: Iterable[str]) -> bytes:
    """One SVG file with a symbol for each icon."""
    symbols = []
    for name in names:
        match = _PATHS.search(member(archive, f"icons/{name}.svg").decode("utf-8"))
        if match is None:
            raise ValueError(f"icon {name} is not an SVG file")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 20 20">{match.group(1)}</symbol>')
    return ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


def token_sheet(archive: tarfile.TarFile, names: Iterable[str], folder: Path) -> bytes:
    """The stylesheet that gives each token its value in the light and in the dark theme."""
    archive.extractall(folder / "tokens", filter="data")
    program = 'import("./index.js").then(t=>console.log(JSON.stringify([t.webLightTheme,t.webDarkTheme])))'
    command = ["node", "--input-type=module", "--eval", program]
    library = folder / "tokens" / "package" / "lib"
    light, dark = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=library).stdout)
    chosen = tuple(names)
    missing = [name for name in chosen if name not in light]
    if missing:
        raise ValueError(f"the stylesheet names tokens that do not exist: {', '.join(missing)}")
    darkened = [name for name in chosen if dark[name] != light[name]]
    dark_rules = _declarations("dark", {name: dark[name] for name in darkened})
    sheet = f"""\
:root {{{_declarations("light", {name: light[name] for name in chosen})}
}}
@media (prefers-color-scheme: dark) {{
:root:not([data-theme="light"]) {{{dark_rules}
}}
}}
:root[data-theme="dark"] {{{dark_rules}
}}
"""
    return sheet.encode()


def letters_alone(woff2: bytes, letters: str) -> bytes:
    """A font with these letters of a larger one: whoever reads them need not load the others."""
    options = subset.Options(flavor="woff2", layout_features=["*"])
    font = subset.load_font(BytesIO(woff2), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=letters)
    subsetter.subset(font)
    written = BytesIO()
    subset.save_font(font, written, options)
    return written.getvalue()


def collect() -> list[Vendored]:
    """Everything that is shipped, fetched afresh."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        htmx, tokens, icons, font = (fetch(package, folder) for package in PACKAGES)
        files = [
            _copied(HTMX, htmx, "dist/htmx.min.js", "htmx.min.js"),
            _copied(HTMX, htmx, "LICENSE", "licences/htmx.txt"),
            _copied(TOKENS, tokens, "LICENSE", "licences/fluentui-tokens.txt"),
            _copied(FONT, font, "LICENSE", "licences/inter.txt"),
            Vendored(
                path="tokens.css",
                content=token_sheet(tokens, tokens_used(), folder),
                package=TOKENS,
                source="lib/index.js",
            ),
            Vendored(path="icons.svg", content=sprite(icons, icons_used()), package=ICONS, source="icons/*.svg"),
            Vendored(
                path="licences/fluentui-svg-icons.txt",
                content=ICONS_NOTICE.encode(),
                package=ICONS,
                source="package.json",
            ),
        ]
        for letters in ("latin", "latin-ext"):
            woff2 = f"inter-{letters}-wght-normal.woff2"
            files.append(_copied(FONT, font, f"files/{woff2}", woff2))
        source = "files/inter-latin-ext-wght-normal.woff2"
        content = letters_alone(member(font, source), ROMANIAN_LETTERS)
        files.append(Vendored(path="inter-romanian-wght-normal.woff2", content=content, package=FONT, source=source))
        return files


def write() -> int:
    """Write every file and the manifest that says what each one is."""
    manifest = {}
    for vendored in sorted(collect(), key=lambda each: each.path):
        target = VENDOR / vendored.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(vendored.content)
        manifest[vendored.path] = {
            "package": vendored.package.name,
            "version": vendored.package.version,
            "licence": vendored.package.licence,
            "source": vendored.source,
            "sha256": hashlib.sha256(vendored.content).hexdigest(),
        }
        print(f"{vendored.path}: {len(vendored.content)} bytes from {vendored.package.name} {vendored.package.version}")
    MANIFEST.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", "utf-8")
    return 0


def problems() -> list[str]:
    """What is wrong with the vendored files, a sentence each; empty when they are what the manifest says."""
    manifest: Mapping[str, Mapping[str, str]] = json.loads(MANIFEST.read_text("utf-8"))
    found = []
    versions = {package.name: package.version for package in PACKAGES}
    for path, entry in manifest.items():
        target = VENDOR / path
        if not target.is_file():
            found.append(f"{path} is missing")
        elif hashlib.sha256(target.read_bytes()).hexdigest() != entry["sha256"]:
            found.append(f"{path} is not the file that was vendored")
        if versions.get(entry["package"]) != entry["version"]:
            found.append(f"{path} comes from {entry['package']} {entry['version']}, which is not the pinned version")
    shipped_icons = set(re.findall(r'<symbol id="([a-z_0-9]+)"', (VENDOR / "icons.svg").read_text("utf-8")))
    disputed_icons = sorted(shipped_icons ^ set(icons_used()))
    found += [f"icons.svg and the templates disagree about {icon}" for icon in disputed_icons]
    shipped_tokens = set(re.findall(r"--([A-Za-z0-9]+):", (VENDOR / "tokens.css").read_text("utf-8")))
    disputed_tokens = sorted(shipped_tokens ^ set(tokens_used()))
    found += [f"tokens.css and the stylesheets disagree about {token}" for token in disputed_tokens]
    return found


def check() -> int:
    """Print what is wrong; 0 when nothing is."""
    found = problems()
    for problem in found:
        print(f"{problem} (run `python scripts/vendor_assets.py write`)", file=sys.stderr)
    return 1 if found else 0


def _copied(package: Package, archive: tarfile.TarFile, source: str, path: str) -> Vendored:
    return Vendored(path=path, content=member(archive, source), package=package, source=source)


def _declarations(scheme: str, values: Mapping[str, str]) -> str:
    lines = [f"\n  color-scheme: {scheme};"]
    lines += [f"\n  --{name}: {value};" for name, value in values.items()]
    return "".join(lines)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write"]:
            sys.exit(write())
        case ["check"]:
            sys.exit(check())
        case _:
            sys.exit(__doc__)
