"""Looks through the built book: dead links, pieces that are missing, leftovers of includes.

    python3 docs/book/check.py target/book

Exits with 1 and a line for each finding. mdBook itself checks none of these.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

PAGES_MIN = 15
# What mdBook makes beside the chapters: all of them again, or nothing of ours.
NOT_OURS = {"print.html", "toc.html", "404.html"}
LINKS = {"a": "href", "img": "src", "link": "href", "script": "src"}


class Page(HTMLParser):
    """The links, names and code blocks of one page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.blocks, self.loaded = [], set(), [], []
        self.in_block = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.add(attributes.get("id"))
        link = attributes.get(LINKS.get(tag))
        if link:
            self.links.append(link)
            if tag != "a" and urlsplit(link).scheme in ("http", "https"):
                self.loaded.append(link)
        if tag == "code" and "language-" in attributes.get("class", ""):
            self.in_block = True
            self.blocks.append("")

    def handle_endtag(self, tag):
        if tag == "code":
            self.in_block = False

    def handle_data(self, data):
        if self.in_block:
            self.blocks[-1] += data


def findings(root):
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(root.rglob("*.html"))}
    ours = {path: page for path, page in pages.items() if path.name not in NOT_OURS}
    if len(ours) < PAGES_MIN:
        yield f"only {len(ours)} pages were built"
    for path, page in ours.items():
        name = path.relative_to(root)
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                yield f"{name}: nothing is at {link}"
            elif parts.fragment and target.suffix == ".html":
                linked = pages.get(target) or Page(target.read_text(encoding="utf-8"))
                if unquote(parts.fragment) not in linked.ids:
                    yield f"{name}: {link} names no place there"
        for link in page.loaded:
            yield f"{name}: loads {link} from outside"
        for number, block in enumerate(page.blocks, 1):
            if not block.strip():
                yield f"{name}: code block {number} is empty: does its anchor exist?"
            elif "{{#" in block or "ANCHOR" in block:
                yield f"{name}: code block {number} has a leftover of an include"


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    found = list(findings(Path(sys.argv[1]).resolve()))
    print("\n".join(found) or "the book has no dead link and no missing piece")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
