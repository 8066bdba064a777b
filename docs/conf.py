"""The site: ``make docs``, or ``sphinx-build -W -c docs . build/site``.

The repository's root is the source folder, so that pages of ``docs/``, the READMEs of ``configs/`` and the changelog are pages of the site
where they lie, and the same relative links lead from one to the other on the site and in a browser of the repository.

Environment: MMAGENC_REPOSITORY, the address below which files of the repository are found (``https://…/blob/main``), turns links to files
that are no pages into links to it; without it they are copied and can be downloaded. MMAGENC_NOTEBOOKS=run executes the notebooks and shows
what they give.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / 'docs/_ext')]

from mmagenc.version import __version__  # noqa: E402

project = 'mmagenc'
author = 'the authors of mmagenc'
copyright = author  # noqa: A001
release = version = __version__

extensions = [
    'myst_nb', 'sphinx.ext.autodoc', 'sphinx.ext.autosummary', 'sphinx.ext.napoleon', 'sphinx.ext.viewcode', 'sphinx_design',
    'repository_links', 'registries', 'command_pages', 'api_pages', 'mathml', 'offline'
]
root_doc = 'docs/index'
include_patterns = ['docs/**', 'configs/*/README.md', 'CHANGELOG.md']
exclude_patterns = [  # folders first: what is not a page is not walked through
    '.*', 'build', 'data', 'dist', 'mmagenc', 'tests', 'tools', 'work_dirs', '*.egg-info', 'docs/_*', 'docs/images', 'configs/_base_'
]

myst_heading_anchors = 4
myst_enable_extensions = ['colon_fence', 'deflist', 'dollarmath']
nb_execution_mode = 'cache' if os.environ.get('MMAGENC_NOTEBOOKS') == 'run' else 'off'
nb_execution_cache_path = str(ROOT / 'build/notebooks')
nb_execution_in_temp = True  # what notebooks write stays out of docs
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_merge_streams = True

autodoc_typehints = 'signature'
autodoc_typehints_format = 'short'
autodoc_member_order = 'bysource'
autodoc_preserve_defaults = True
autosummary_generate = False
napoleon_numpy_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True
toc_object_entries = False
add_module_names = False

repository = os.environ.get('MMAGENC_REPOSITORY', '').rstrip('/')
html_math_renderer = 'mathml'
html_theme = 'furo'
html_title = f'mmagenc {release}'
html_static_path = ['_static']
html_css_files = ['site.css']
html_copy_source = False
html_show_sphinx = False
pygments_style = 'tango'
pygments_dark_style = 'monokai'
