"""The style sheet of the app: what the theme in `.streamlit/config.toml` cannot say.

Greys are mixed from the text colour, so that one sheet serves the light theme and the dark one.
"""

ICON = (
    '<svg viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#0072b2"/>'
    '<path d="M6 25h7v-6h6v-6h7" fill="none" stroke="#fff" stroke-width="3.5"/></svg>'
)
"""Steps, for the browser's tab. Written out, because a named icon would be fetched from outside."""

CSS = """
<style>
.stMainBlockContainer { max-width: 1360px; padding: 4.2rem clamp(1.2rem, 3vw, 2.6rem) 4rem; }
.stVerticalBlock { gap: .75rem; }
.stHtml { line-height: 1.5; }
.rw-where { font-size: 1.55rem; font-weight: 650; margin: 0; padding: 0; line-height: 1.25; }
.rw-where small { font-weight: 400; font-size: 1rem; opacity: .74; margin-left: .6rem; }
.rw-state { max-width: 80ch; margin: .15rem 0 .5rem; opacity: .86; }
.rw-lead { font-size: 1.15rem; line-height: 1.4; max-width: 90ch; margin: 0; }
.rw-lead b { font-weight: 650; }
.rw h2, .rw h3 { padding: 0; }
.rw-h { font-size: 1.06rem; font-weight: 650; margin: .3rem 0 .2rem; }
.rw p + .rw-h, .rw ul + .rw-h { margin-top: .9rem; }
.rw-quiet { opacity: .74; }
.rw-small { font-size: .88rem; }
.rw-p { max-width: 76ch; margin: 0 0 .35rem; }
.rw ul { margin: .1rem 0 .4rem 1.1rem; padding: 0; }
.rw li { margin: 0 0 .25rem; }
.rw-num { font-variant-numeric: tabular-nums; }
.rw-text { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }
.rw-label { margin: .5rem 0 .1rem; }
.rw-prompt { margin: 0; padding: .45rem .7rem; border-radius: .4rem;
  background: color-mix(in srgb, currentColor 5%, transparent); }
.rw-tag { display: inline-block; font-size: .8rem; font-weight: 600; line-height: 1.35;
  padding: .05rem .5rem; border-radius: .7rem; white-space: nowrap;
  border: 1.5px solid color-mix(in srgb, currentColor 35%, transparent); }
.rw-tag.good { border-color: #009e73; }
.rw-tag.warn { border-color: #e69f00; border-style: dashed; }
.rw-tag.stop { border-color: #d55e00; border-width: 2.5px; }
.rw-tag.done { background: color-mix(in srgb, currentColor 10%, transparent); }
.rw table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.rw th, .rw td { text-align: left; padding: .3rem .8rem .3rem 0; border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 16%, transparent); vertical-align: top; }
.rw td { white-space: pre-line; }
.rw th { font-weight: 600; font-size: .88rem; opacity: .75; }
.rw .n { text-align: right; }
.rw-keep { white-space: nowrap; }
.rw th:first-child, .rw td:first-child { min-width: 6rem; }
.rw-bar { height: .5rem; border-radius: .25rem; overflow: hidden;
  background: color-mix(in srgb, currentColor 13%, transparent); }
.rw-bar i { display: block; height: 100%; background: #0072b2; }
.rw-bar i.off { background: color-mix(in srgb, currentColor 40%, transparent); }
.rw-rung { display: grid; grid-template-columns: 2rem 1fr auto; gap: 0 .5rem; padding: .32rem 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
.rw-rung .place { font-weight: 650; opacity: .55; text-align: right; }
.rw-rung.off { opacity: .75; }
.rw-rung.aim { font-weight: 600; }
.rw-rung .why { grid-column: 2 / 4; font-weight: 400; font-size: .86rem; opacity: .85; }
.rw-rung.head { padding: 0; border: 0; }
.rw-rung .points { font-variant-numeric: tabular-nums; }
.rw-cell { display: grid; grid-template-columns: 14.5rem 1fr 21rem; gap: 1rem; align-items: center;
  padding: .3rem 0; }
.rw-cell .now { font-variant-numeric: tabular-nums; font-size: .92rem; }
/* A label that is too long for its place goes on in the next line; by itself it would be cut. */
.stMainBlockContainer .stMarkdownEllipsis, .stMainBlockContainer .stMarkdownEllipsis p {
  white-space: normal; overflow: visible; }
/* Too narrow for both: the facts go below the picture. */
:is(.st-key-first_screen, .st-key-weighing, .st-key-firmness, .st-key-case_needs, .st-key-check_how)
  .stHorizontalBlock { flex-wrap: wrap; row-gap: 1rem; }
.st-key-case_needs .stColumn { min-width: min(100%, 15rem); }
.st-key-check_how .stColumn { min-width: min(100%, 17rem); }
.st-key-weighing .stColumn { min-width: min(100%, 18rem); }
.st-key-weighing .stColumn:last-child { min-width: min(100%, 40rem); }
.st-key-firmness .stColumn { min-width: min(100%, 34rem); }
/* A slider's unseen input is wider than its thumb and would stick out at the right end; a chart is
   too wide for a moment while the window becomes narrower. */
.st-key-weighing, .st-key-firmness { overflow-x: clip; }
.st-key-first_screen .rw-p { font-size: .92rem; line-height: 1.42; max-width: none; }
.st-key-first_screen .rw-h { margin-top: 0; }
.st-key-first_screen .rw p + .rw-h { margin-top: .5rem; }
.st-key-first_screen .stColumn { min-width: min(100%, 21rem); }
.st-key-first_screen .stColumn:first-child { min-width: min(100%, 40rem); }
/* The kinds of files are named beside it; the widget's own list is cut off in the middle. */
[data-testid="stFileUploaderDropzoneInstructions"] { display: none; }
.rw-under { margin: 0 0 .6rem 1.72rem; }
[class*="st-key-open_"] button, [class*="st-key-jump_"] button { justify-content: left;
  text-align: left; min-height: 1.9rem; padding-top: 0; padding-bottom: 0; }
.stIFrame iframe, iframe.stIFrame { border-radius: .4rem;
  border: 1px solid color-mix(in srgb, currentColor 22%, transparent); }
.rw-said { border-left: 3px solid color-mix(in srgb, currentColor 25%, transparent);
  padding: .1rem 0 .1rem .8rem; margin: 0 0 .9rem; }
.rw-said.right { border-left-color: #009e73; }
.rw-said.wrong, .rw-said.failed { border-left-color: #d55e00; border-left-style: dashed; }
.rw-said.partly { border-left-color: #e69f00; border-left-style: double; border-left-width: 5px; }
.rw-said mark { background: color-mix(in srgb, #009e73 22%, transparent); color: inherit;
  border-radius: .2rem; padding: 0 .1em; }
.rw-beside { display: grid; gap: .2rem 2.5rem; align-items: start; margin-top: .6rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.rw-passage { border: 1px solid color-mix(in srgb, currentColor 16%, transparent);
  border-radius: .4rem; padding: .5rem .7rem; margin: 0 0 .6rem; font-size: .92rem; }
.rw-passage.cited { border: 2px solid #0072b2; }
.rw-mark { display: inline-block; width: 1.25em; font-size: 1.05em; }
.rw table caption { text-align: left; font-weight: 600; padding: .3rem 0; caption-side: top; }
.rw tr.strong td { font-weight: 650; }
.rw-wide { overflow-x: auto; }
@media (max-width: 56rem) { .rw th, .rw td { padding-right: .45rem; } }
.rw dl { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: .25rem 1rem;
  margin: .2rem 0; }
.rw dt { opacity: .74; margin: 0; }
.rw dd { margin: 0; max-width: 80ch; }
</style>
"""
