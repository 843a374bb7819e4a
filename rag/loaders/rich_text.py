"""Rich Text Format, also under the name of .doc."""

from rag.reading.file import Extract, File, Loader, Page
from rag.reading.markup import Markup
from rag.reading.richtext import write_rich_text


def recognises(file: File) -> bool:
    """Whether it begins with the mark of the format."""
    return file.data[:64].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{\\rtf")


def read(file: File) -> Extract:
    """Read a text with its headings, lists, tables and notes."""
    if not recognises(file):
        raise file.malformed("it does not begin like Rich Text Format")
    out = Markup()
    try:
        title = write_rich_text(file.data, out)
    except UnicodeDecodeError as error:
        reason = "it holds bytes that its code page does not have"
        raise file.error(
            "encoding", reason, "open it in a word processor and save it again"
        ) from error
    return Extract((Page(out.text()),), title or out.first_heading)


LOADER = Loader("rich texts", (".rtf",), recognises, read, apart=True)
