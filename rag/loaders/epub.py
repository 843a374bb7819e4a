"""Electronic books (EPUB), read in the order of their spine."""

from typing import Final

from lxml import etree

from rag.reading.archive import Archive, attribute, child, local, resolve
from rag.reading.encoding import decode
from rag.reading.file import Extract, File, Loader, Page
from rag.reading.markup import Markup, usable_title
from rag.reading.webpage import write_html

_CONTAINER: Final = "META-INF/container.xml"
_FONTS: Final = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Algorithms that only scramble fonts and leave the text open."""


def recognises(file: File) -> bool:
    """Whether it is a zip container with a book in it."""
    return _CONTAINER in file.members


def read(file: File) -> Extract:
    """Read all chapters as one text."""
    archive = Archive(file)
    _refuse_protected(archive)
    names = [
        attribute(each, "full-path")
        for each in archive.xml(_CONTAINER).iter()
        if local(each) == "rootfile"
    ]
    if not names:
        raise file.malformed("it names no book")
    package = archive.xml(names[0])
    out = Markup()
    for name in _chapters(package, names[0]):
        write_html(decode(file, archive.read(name)), out)
    metadata = child(package, "metadata")
    title = child(metadata, "title")
    own = usable_title(title.text or "") if title is not None else ""
    return Extract((Page(out.text()),), own or out.first_heading)


def _chapters(package: etree._Element, name: str) -> list[str]:
    """Entries of the spine, each once, without the table of contents."""
    manifest, spine = child(package, "manifest"), child(package, "spine")
    items = {attribute(each, "id"): each for each in (manifest if manifest is not None else ())}
    order = [items.get(attribute(each, "idref")) for each in (spine if spine is not None else ())]
    chapters = [
        resolve(name, attribute(each, "href"))
        for each in order
        if each is not None
        and "html" in attribute(each, "media-type")
        and "nav" not in attribute(each, "properties").split()
    ]
    return list(dict.fromkeys(chapters))


def _refuse_protected(archive: Archive) -> None:
    rights = archive.xml_or_none("META-INF/encryption.xml")
    methods = (
        []
        if rights is None
        else [
            attribute(each, "Algorithm")
            for each in rights.iter()
            if local(each) == "EncryptionMethod"
        ]
    )
    if any(method not in _FONTS for method in methods):
        raise archive.file.error(
            "encrypted", "it is protected against copying (DRM)", "use an unprotected copy"
        )


LOADER = Loader("electronic books", (".epub",), recognises, read, apart=True)
