"""A document that was deleted, taken out of what the project keeps."""

from collections.abc import Collection

import streamlit as st

from advisor.forget import forget, lines
from advisor.page_parts.text import say, show_error
from advisor.project import Project
from harness.errors import RungwiseError


def forget_part(project: Project, here: Collection[str]) -> None:
    """Ask which document, remove its passages and vectors, and say where its text still stands.

    Args:
        project: with runs that may have read it.
        here: documents that it has now.
    """
    with st.expander("A document was deleted: take it out of what is kept"):
        with st.form("forget", border=False):
            name = st.text_input(
                "Its path inside the documents folder, as answers cite it", key="forget_document"
            )
            pressed = st.form_submit_button("Remove its passages and vectors", key="forget_start")
        if pressed and name.strip():
            try:
                found = forget(project.root, name.strip(), here)
            except RungwiseError as error:
                show_error(error)
                return
            for line in lines(found, project.root):
                say(line, "rw-p rw-small rw-text")
