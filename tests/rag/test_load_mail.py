"""E-mails from any program, and Rich Text Format, which Outlook packs into them."""

import email.message
import email.policy
import struct
from pathlib import Path

import pytest

from rag.errors import DocumentError, DocumentWarning
from rag.load import load_documents, load_folder
from rag.reading.packed_richtext import unpack
from rag.types import Document


def load(folder: Path, name: str, data: bytes) -> Document:
    (folder / name).write_bytes(data)
    (document,) = load_documents(folder / name)
    return document


def message(**headers: str) -> email.message.EmailMessage:
    result = email.message.EmailMessage(policy=email.policy.SMTP)
    for name, value in ({"Subject": "Şikâyet", "From": "Ayşe <a@x.tr>"} | headers).items():
        result[name] = value
    return result


def test_a_message_keeps_its_head_and_the_richest_text(tmp_path: Path) -> None:
    mail = message(To="b@x.tr", Date="Fri, 16 Dec 2022 17:04:16 +0300", Cc="c@x.tr")
    mail.set_content("düz metin")
    mail.add_alternative("<p>Zengin</p><ul><li>metin</li></ul>", subtype="html")
    document = load(tmp_path, "a.eml", bytes(mail))
    assert document.title == "Şikâyet"
    assert document.text == (
        "# Şikâyet\n\nFrom: Ayşe <a@x.tr>\nTo: b@x.tr\nCc: c@x.tr\n"
        "Date: Fri, 16 Dec 2022 17:04:16 +0300\n\nZengin\n\n- metin"
    )


def test_plain_text_is_taken_where_the_html_is_only_a_picture(tmp_path: Path) -> None:
    mail = message()
    mail.set_content("Dear customer,\n\n  indented\n")
    mail.add_alternative("<img src=x>", subtype="html")
    assert load(tmp_path, "a.eml", bytes(mail)).text.endswith("Dear customer,\n\n  indented")


@pytest.mark.parametrize(("raw", "subject"), [
    (b"=?utf-8?B?xZ5pa8OieWV0?= =?utf-8?Q?imiz_var?=", "Şikâyetimiz var"),
    (b"=?iso-8859-9?Q?=DEik=E2yet?=", "Şikâyet"),
    (b"=?no-such-set?Q?=DEik=E2yet?=", "Şikâyet"),
    ("Şikâyet".encode("cp1254"), "Şikâyet"),
    ("Şikâyet".encode(), "Şikâyet"),
    (b"=?utf-8?B?broken", "=?utf-8?B?broken"),
    (b"", "a"),
])  # fmt: skip
def test_subjects_are_read_however_they_are_encoded(
    tmp_path: Path, raw: bytes, subject: str
) -> None:
    data = b"Subject: " + raw + b"\r\nFrom: x\r\n\r\nbody\r\n"
    assert load(tmp_path, "a.eml", data).title == subject


@pytest.mark.parametrize(("charset", "encoding"), [
    ("iso-8859-9", "iso8859_9"), ("utf-8", "cp1254"), ("x-unknown", "cp1254"),
    ("us-ascii", "utf-8"), ("utf-16", "utf-16"),
])  # fmt: skip
def test_bodies_are_read_whatever_they_declare(tmp_path: Path, charset: str, encoding: str) -> None:
    head = f"Subject: s\r\nContent-Type: text/plain; charset={charset}\r\n"
    head += "Content-Transfer-Encoding: 8bit\r\n\r\n"
    data = head.encode() + "Şişli'de çağrı ığdır".encode(encoding)
    assert load(tmp_path, "a.eml", data).text.endswith("Şişli'de çağrı ığdır")


def test_seven_bit_japanese_is_decoded(tmp_path: Path) -> None:
    head = b"Subject: s\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n"
    assert load(tmp_path, "a.eml", head + "日本語".encode("iso2022_jp")).text.endswith("日本語")


def test_forwarded_messages_are_read_and_attachments_are_reported(tmp_path: Path) -> None:
    inner = message(Subject="İç")
    inner.set_content("forwarded text")
    mail = message()
    mail.set_content("see below")
    mail.add_attachment(inner)
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="tarife ş.pdf")
    logo = {"maintype": "image", "subtype": "png", "filename": "logo.png", "disposition": "inline"}
    mail.add_attachment(b"x", **logo)
    (tmp_path / "a.eml").write_bytes(bytes(mail))
    loaded = load_folder(tmp_path / "a.eml")
    assert "# İç\n\nFrom: Ayşe <a@x.tr>\n\nforwarded text" in loaded.documents[0].text
    assert [gap.code for gap in loaded.gaps] == ["unsupported"]
    assert loaded.gaps[0].reason == "its attachments were not read: tarife ş.pdf"
    with pytest.warns(DocumentWarning, match="tarife ş.pdf"):
        load_documents(tmp_path / "a.eml")


def test_lines_that_a_mail_program_broke_are_joined(tmp_path: Path) -> None:
    head = b"Subject: s\r\nContent-Type: text/plain; format=flowed\r\n\r\n"
    data = head + b"one \r\ntwo\r\nthree\r\n-- \r\nsignature\r\n"
    assert load(tmp_path, "a.eml", data).text.endswith("one two\nthree\n--\nsignature")


def test_an_encrypted_message_is_refused(tmp_path: Path) -> None:
    data = b"Subject: s\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nMIIB\r\n"
    (tmp_path / "a.eml").write_bytes(data)
    with pytest.raises(DocumentError) as caught:
        load_documents(tmp_path / "a.eml")
    assert caught.value.code == "encrypted"


def test_a_web_archive_under_the_name_of_doc_is_read(tmp_path: Path) -> None:
    data = (
        b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"<h1>=C5=9Eart</h1>\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n"
    )
    assert load(tmp_path, "a.doc", data).text == "# Şart"


def compound(streams: dict[str, bytes]) -> bytes:
    """An OLE compound file (MS-CFB); `storage/stream` is a stream inside a storage."""
    padded = {name: data.ljust(4096, b"\0") for name, data in streams.items()}
    storages = {name[:at] for name in padded for at, sign in enumerate(name) if sign == "/"}
    order = sorted([*storages, *padded])
    numbers = {name: number for number, name in enumerate(order, 1)}
    none, end = 0xFFFFFFFF, 0xFFFFFFFE
    tables = 1 + sum(len(data) // 512 for data in padded.values()) // 100
    directory = (len(order) + 4) // 4
    sectors = [0xFFFFFFFD] * tables + [tables + i + 1 for i in range(directory - 1)] + [end]

    def members(storage: str) -> list[str]:
        return [name for name in order if name.rpartition("/")[0] == storage]

    def entry(name: str, kind: int, start: int, size: int) -> bytes:
        leaf = name.rpartition("/")[2].encode("utf-16-le") + b"\0\0"
        beside = members(name.rpartition("/")[0]) if kind != 5 else [name]
        right = (beside[beside.index(name) + 1 :] or [""])[0]
        child = (members("" if kind == 5 else name) or [""])[0] if kind != 2 else ""
        return struct.pack("<64sHBBIII16sIQQIQ", leaf, len(leaf), kind, 1, none,
                           numbers.get(right, none), numbers.get(child, none),
                           b"", 0, 0, 0, start, size)  # fmt: skip

    entries = [entry("Root Entry", 5, end, 0)]
    for name in order:
        length = len(padded.get(name, b"")) // 512
        start = len(sectors) if length else 0
        sectors += [start + i + 1 for i in range(length - 1)] + [end] * bool(length)
        entries.append(entry(name, 2 if length else 1, start, length * 512))
    sectors += [none] * (tables * 128 - len(sectors))
    header = struct.pack("<8s16sHHHHH6sIIIIIIIII", bytes.fromhex("d0cf11e0a1b11ae1"), b"", 0x3E, 3,
                         0xFFFE, 9, 6, b"", 0, tables, tables, 0, 4096, end, 0, end, 0)  # fmt: skip
    header += struct.pack("<109I", *range(tables), *[none] * (109 - tables))
    body = struct.pack(f"<{tables * 128}I", *sectors)
    contents = b"".join(padded[name] for name in order if name in padded)
    return header + body + b"".join(entries).ljust(directory * 512, b"\0") + contents


PROPERTIES = "__properties_version1.0"
SENT = struct.pack("<8x8x8x8x") + struct.pack("<HHIQ", 0x40, 0x0039, 6, 133_156_730_400_000_000)


def outlook(**changes: bytes) -> dict[str, bytes]:
    streams = {
        PROPERTIES: SENT,
        "__substg1.0_0037001F": "Şikâyet".encode("utf-16-le"),
        "__substg1.0_0C1A001F": "Ayşe".encode("utf-16-le"),
        "__substg1.0_5D01001F": "a@x.tr".encode("utf-16-le"),
        "__substg1.0_0E04001F": "b@x.tr".encode("utf-16-le"),
    }
    return streams | {f"__substg1.0_{name[1:]}": data for name, data in changes.items()}


HEAD = "# Şikâyet\n\nFrom: Ayşe <a@x.tr>\nTo: b@x.tr\nDate: 2022-12-16 14:04 UTC\n\n"


@pytest.mark.parametrize(("streams", "text"), [
    ({"_1000001F": "düz metin".encode("utf-16-le")}, "düz metin"),
    ({"_10130102": "<p>zengin <b>ş</b></p>".encode(), "_1000001F": "x".encode("utf-16-le")},
     "zengin ş"),
    ({"_1000001E": "ağır".encode("cp1254")}, "ağır"),
    ({"_10090102": bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d"
        "0a800fa0")}, "hello world"),
])  # fmt: skip
def test_an_outlook_message_is_read_in_every_form_of_its_text(
    tmp_path: Path, streams: dict[str, bytes], text: str
) -> None:
    assert load(tmp_path, "a.msg", compound(outlook(**streams))).text == HEAD + text


def test_attached_messages_are_read_and_other_attachments_are_reported(tmp_path: Path) -> None:
    inner = "__attach_version1.0_#00000001/__substg1.0_3701000D"
    picture = "__attach_version1.0_#00000002"
    streams = outlook(_1000001F="metin".encode("utf-16-le")) | {
        "__attach_version1.0_#00000000/__substg1.0_3707001F": "tarife.pdf".encode("utf-16-le"),
        f"{inner}/{PROPERTIES}": b"\0" * 24,
        f"{inner}/__substg1.0_0037001F": "İç".encode("utf-16-le"),
        f"{inner}/__substg1.0_1000001F": "iletilen".encode("utf-16-le"),
        f"{picture}/__substg1.0_3707001F": "logo.png".encode("utf-16-le"),
        f"{picture}/__substg1.0_3712001F": "cid".encode("utf-16-le"),
    }
    (tmp_path / "a.msg").write_bytes(compound(streams))
    loaded = load_folder(tmp_path / "a.msg")
    assert loaded.documents[0].text == HEAD + "metin\n\n# İç\n\niletilen"
    assert loaded.gaps[0].reason == "its attachments were not read: tarife.pdf"


@pytest.mark.parametrize(("stream", "name", "code", "fix"), [
    ("WordDocument", "a.doc", "unsupported", ".docx"),
    ("Workbook", "a.xls", "unsupported", ".xlsx"),
    ("PowerPoint Document", "a.ppt", "unsupported", ".pptx"),
    ("EncryptedPackage", "a.docx", "encrypted", "without the password"),
    ("Something", "a.msg", "unsupported", "PDF"),
])  # fmt: skip
def test_old_and_protected_office_files_are_refused_with_a_way_out(
    tmp_path: Path, stream: str, name: str, code: str, fix: str
) -> None:
    (tmp_path / name).write_bytes(compound({stream: b"x"}))
    with pytest.raises(DocumentError) as caught:
        load_documents(tmp_path / name)
    assert caught.value.code == code
    assert fix in caught.value.fix


def test_packed_rich_text_unpacks_as_the_specification_shows() -> None:
    hello = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d"
        "0a800fa0"
    )
    assert unpack(hello) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    repeated = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert unpack(repeated) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
