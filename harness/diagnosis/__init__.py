"""Why each rung fails where it fails: figures from what a run recorded; no model runs again.

Start at `harness.diagnosis.diagnose`; each other file looks for one kind of reason, and
`harness.diagnosis.findings` has the values they give. What the figures mean in words is the
advisor's to say.
"""
