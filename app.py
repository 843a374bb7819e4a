"""Router of the browser app. Start it with: rungwise app."""

import streamlit as st

from advisor.page_parts.frame import dress, remember
from advisor.page_parts.style import ICON

st.set_page_config(page_title="Rungwise", page_icon=ICON, layout="wide")
page = st.navigation(
    [
        st.Page("advisor/pages/start.py", title="Start", default=True),
        st.Page("advisor/pages/ask.py", title="Ask"),
        st.Page("advisor/pages/data.py", title="Data"),
        st.Page("advisor/pages/check.py", title="Check"),
        st.Page("advisor/pages/compare.py", title="Compare"),
        st.Page("advisor/pages/decide.py", title="Decide"),
        st.Page("advisor/pages/report.py", title="Report"),
    ],
    position="top",
)
remember()
dress()
page.run()
