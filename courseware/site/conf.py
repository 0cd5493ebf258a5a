"""Sphinx's configuration of the site. `courseware.site.build` copies it beside the pages."""

project = "Threads"
author = "the Threads course authors"
extensions = ["myst_nb"]
html_theme = "sphinx_book_theme"
html_title = "Threads: conversations kept by a server"
html_static_path = ["_static"]
html_css_files = ["threads.css"]
html_js_files = [("threads.js", {"defer": "defer"})]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "home_page_in_toc": True,
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_navbar_depth": 1,
    "navbar_persistent": [],
}
nb_execution_mode = "off"  # the lessons were executed before
nb_merge_streams = True
nb_ipywidgets_js: dict[str, str] = {}  # widgets stand as their static form; their scripts would come from elsewhere
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
mathjax_path = "none.js"  # no page has a formula; without a path Sphinx would name a script from elsewhere
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure", "myst.header", "mystnb.unknown_mime_type"]
exclude_patterns: list[str] = []
language = "en-GB"
