"""Zip containers and the XML inside them, read as hostile input.

Nothing is written to disk, so no path of an entry can lead anywhere. Sizes are checked before
anything is unpacked, and `zipfile` never returns more bytes than an entry declares.
"""

import posixpath
import zipfile
import zlib
from typing import Final, NamedTuple
from urllib.parse import unquote

from lxml import etree

from rag.errors import DocumentError
from rag.reading.file import File
from rag.reading.markup import usable_title

_SMALL: Final = 2**20
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)


class Archive:
    """The entries of a zip container.

    Raises:
        DocumentError: `malformed` when it is damaged, `too_large` when it would unpack to more
            than the limits allow (a "zip bomb").
    """

    def __init__(self, file: File) -> None:
        self.file = file
        try:
            self._zip = file.open_zip()
        except _DAMAGED as error:
            raise file.malformed(f"its container is damaged or cut off ({error})") from error
        self._check()
        self._unpacked = 0
        self.names = frozenset(self._zip.namelist())

    def _check(self) -> None:
        limits, entries = self.file.limits, self._zip.infolist()
        if sum(entry.file_size for entry in entries) > limits.max_unpacked_bytes:
            raise self._too_large("it unpacks to more than the allowed size")
        for entry in entries:
            packed = max(1, entry.compress_size)
            if entry.file_size > _SMALL and entry.file_size / packed > limits.max_ratio:
                raise self._too_large(f"its part {entry.filename!r} is packed suspiciously well")

    def _too_large(self, reason: str) -> DocumentError:
        return self.file.error("too_large", reason, "split it, or save it as text")

    def read(self, name: str) -> bytes:
        """The bytes of one entry.

        Raises:
            DocumentError: `malformed` when it is missing or damaged, `encrypted`, `too_large`.
        """
        try:
            entry = self._zip.getinfo(name)
        except KeyError as error:
            raise self.file.malformed(f"its part {name!r} is missing") from error
        if entry.flag_bits & 1:
            raise self.file.error(
                "encrypted", "it is protected by a password", "save a copy without the password"
            )
        if entry.file_size > self.file.limits.max_member_bytes:
            raise self._too_large(f"its part {name!r} is too large")
        # what is named over and over is unpacked over and over
        self._unpacked += entry.file_size
        if self._unpacked > self.file.limits.max_unpacked_bytes:
            raise self._too_large("it unpacks to more than the allowed size")
        try:
            return self._zip.read(entry)
        except _DAMAGED as error:
            raise self.file.malformed(f"its part {name!r} is damaged ({error})") from error

    def xml(self, name: str) -> etree._Element:
        """The root element of one entry."""
        return parse_xml(self.file, self.read(name), name)

    def xml_or_none(self, name: str) -> etree._Element | None:
        """The root element of an optional entry."""
        return self.xml(name) if name in self.names else None


def parse_xml(file: File, data: bytes, name: str) -> etree._Element:
    """The root of an XML text; entities are never expanded, nothing is ever fetched.

    Raises:
        DocumentError: `malformed` when it is no XML or defines entities of its own, which no
            office program does ("billion laughs", reading of local files), `too_large`.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if "XML_PARSE_HUGE" in str(error):  # more than 256 levels, or 10 MB in one text
            raise file.error(
                "too_large",
                f"its part {name!r} is nested too deeply or too long",
                "simplify it, or export it as PDF or text",
            ) from error
        raise file.malformed(f"its part {name!r} is not XML ({error})") from error
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise file.malformed(f"its part {name!r} defines entities, which office files never do")
    return root


def local(element: etree._Element) -> str:
    """Name without its namespace: strict and transitional office files differ only in those."""
    return str(element.tag).rpartition("}")[2]


def attribute(element: etree._Element, name: str) -> str:
    """Value of the attribute with this local name, or the empty string."""
    for key, value in element.attrib.items():
        if key == name or key.endswith("}" + name):
            return str(value)
    return ""


def reference(element: etree._Element, name: str = "id") -> str:
    """Value of a namespaced attribute, which is how a part names a relationship (`r:id`)."""
    found = (value for key, value in element.attrib.items() if str(key).endswith("}" + name))
    return str(next(found, ""))


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """First descendant along a path of local names."""
    for step in path:
        if element is None:
            return None
        element = next((inner for inner in element if local(inner) == step), None)
    return element


def resolve(base: str, target: str) -> str:
    """Name of the entry that `target`, written in the entry `base`, means."""
    target = unquote(target.split("#")[0])
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(base), target)).lstrip("/")


class Relation(NamedTuple):
    """One relationship of an office part."""

    kind: str
    """Last word of its type, such as `slide`, `header`, `numbering`."""
    target: str
    """Name of the entry; empty when it points outside the container."""


def relations(archive: Archive, part: str) -> dict[str, Relation]:
    """Relationships of an office part (of the package itself for the empty name), by their id."""
    folder, _, name = part.rpartition("/")
    root = archive.xml_or_none(posixpath.join(folder, "_rels", f"{name}.rels"))
    found = {}
    for element in root if root is not None else ():
        inside = attribute(element, "TargetMode") != "External"
        target = resolve(part, attribute(element, "Target")) if inside else ""
        kind = attribute(element, "Type").rpartition("/")[2]
        found[attribute(element, "Id")] = Relation(kind, target)
    return found


def related(archive: Archive, part: str, kind: str) -> list[str]:
    """Entries of one kind that a part refers to and that are there, each once."""
    found = relations(archive, part).values()
    named = [each.target for each in found if each.kind == kind and each.target in archive.names]
    return list(dict.fromkeys(named))


def core_title(archive: Archive) -> str:
    """Title in the properties of an office document, unless a program filled in its own."""
    names = related(archive, "", "core-properties")
    title = child(archive.xml(names[0]), "title") if names else None
    return usable_title(title.text or "") if title is not None else ""
