"""The app's pages: one script a step. They draw, call the workflow, and decide nothing."""
