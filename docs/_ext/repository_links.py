"""Links from pages to files and folders of the repository that are no pages.

A folder with a README that is a page is that page. What is left becomes a link to the repository, if ``conf.py`` knows its address; else a
file can be downloaded, and the name of a folder is plain text. What is not in the repository is left as it is, and warned of by MyST.
"""

import os
from pathlib import Path
from typing import Optional

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx


def settle_links(app: Sphinx, document: nodes.document) -> None:
    """Give each relative link of a page that leads to no page its place."""
    for node in list(document.findall(addnodes.pending_xref)) + list(document.findall(addnodes.download_reference)):
        if node.get('reftype') == 'myst' and node.get('refdomain') is None:
            place, _, anchor = node['reftarget'].partition('#')
            path = target_of(app, place, node['refdoc']) if place else None
            if path is not None:
                settle(app, node, path, anchor)


def target_of(app: Sphinx, place: str, page: str) -> Optional[Path]:
    """The file or folder of the repository that a page's link names; ``None`` if there is none."""
    path = Path(os.path.normpath(app.srcdir / Path(page).parent / place))
    return path.relative_to(app.srcdir) if path.exists() and path.is_relative_to(app.srcdir) else None


def settle(app: Sphinx, node: nodes.Element, path: Path, anchor: str) -> None:
    """Turn one link into one to a page, to the repository, to a download or into its text."""
    page = app.env.path2doc(str(app.srcdir / path / 'README.md'))
    if page in app.env.found_docs:
        node['refdomain'], node['reftarget'], node['reftargetid'] = 'doc', page, anchor or None
    elif app.config.repository:
        address = f'{app.config.repository}/{path.as_posix()}' + (f'#{anchor}' if anchor else '')
        node.replace_self(nodes.reference('', '', *node.children, refuri=address, internal=False))
    elif (app.srcdir / path).is_dir():
        node.replace_self(node.children)


def setup(app: Sphinx) -> dict:
    app.add_config_value('repository', '', 'env', types=(str, ))
    app.connect('doctree-read', settle_links, priority=100)  # before files are gathered for download
    return dict(parallel_read_safe=True, parallel_write_safe=True)
