"""What the pages share in drawing. Together with the pages and `app.py` the only streamlit code."""
