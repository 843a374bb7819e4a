"""What of a web page is not its text: machinery, navigation, and what readers do not see."""

import re
from typing import Final

from selectolax.lexbor import LexborNode

_DROPPED: Final = {
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "object",
    "embed",
    "canvas",
    "audio",
    "video",
    "map",
    "head",
    "title",
    "nav",
    "button",
    "select",
    "datalist",
    "input",
    "textarea",
    "dialog",
    "-comment",
    "rp",
}
_DROPPED_ROLES: Final = {"navigation", "search", "banner", "contentinfo", "menubar", "toolbar"}
_DROPPED_NAMES: Final = {
    "navheader",
    "navfooter",
    "navbar",
    "breadcrumb",
    "breadcrumbs",
    "toc",
    "skip-link",
    "skiplink",
    "headerlink",
    "cookie-banner",
    "cookie-consent",
    "mw-editsection",
}
"""Classes and identifiers of parts that generators put around the text."""
_SECTIONS: Final = {"article", "main", "section", "aside", "blockquote", "figure"}
_INVISIBLE: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MOST_ALTERNATIVES: Final = 20
"""More hidden neighbours than this are data of a script, not variants of a passage."""


def children(node: LexborNode) -> list[LexborNode]:
    """The nodes directly below, texts included."""
    return list(node.iter(include_text=True))


def is_dropped(node: LexborNode) -> bool:
    """Whether the node and all below it is left out."""
    tag = node.tag
    if tag == "-text":
        return False
    if tag in _DROPPED:
        return not (tag == "dialog" and "open" in node.attributes)
    attributes = node.attributes
    if not attributes and tag not in ("header", "footer", "aside"):
        return False
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower().split()
    return (
        (attributes.get("role") or "").lower() in _DROPPED_ROLES
        or (tag != "body" and not _DROPPED_NAMES.isdisjoint(names))
        or attributes.get("aria-hidden") == "true"
        or (_is_hidden(node) and not _is_alternative(node))
        or _surrounds_page(node)
    )


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    return "hidden" in attributes or bool(_INVISIBLE.search(attributes.get("style") or ""))


def _is_alternative(node: LexborNode) -> bool:
    """Whether a script of the page will show one of several hidden neighbours (tabs, systems).

    Which one is not known, so all of them are kept: dropping them would lose a part of a sentence.
    """
    others = _neighbours(node)
    return 0 < len(others) < _MOST_ALTERNATIVES and all(
        other.tag != "-text" and _is_hidden(other) for other in others
    )


def _neighbours(node: LexborNode) -> list[LexborNode]:
    """Nodes beside it that hold something, at most `_MOST_ALTERNATIVES` of them."""
    others: list[LexborNode] = []
    before, after = node.prev, node.next
    while (before is not None or after is not None) and len(others) < _MOST_ALTERNATIVES:
        others += [other for other in (before, after) if other is not None and _counts(other)]
        before = before.prev if before is not None else None
        after = after.next if after is not None else None
    return others


def follows_alternative(node: LexborNode) -> bool:
    """Whether it is a kept alternative and not the first, so that the two need a mark between."""
    if node.tag == "-text" or not _is_hidden(node):
        return False
    before = node.prev
    while before is not None and not _counts(before):
        before = before.prev
    return before is not None


def _counts(node: LexborNode) -> bool:
    if node.tag == "-text":
        return bool((node.text_content or "").strip())
    return node.tag != "-comment"


def _surrounds_page(node: LexborNode) -> bool:
    """Whether it is the header, footer or side bar of the page and not of one of its sections."""
    if node.tag == "aside":
        return node.css_first("nav, input, form") is not None
    if node.tag not in ("header", "footer"):
        return False
    parent = node.parent
    while parent is not None and parent.tag != "body":
        if parent.tag in _SECTIONS:
            return False
        parent = parent.parent
    return node.tag == "footer" or node.css_first("h1") is None
