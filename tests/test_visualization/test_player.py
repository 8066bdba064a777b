"""The player of a notebook in Chromium: it draws, and asks for nothing."""

import shutil
import subprocess

import pytest

from mmagenc.visualization.player import player_frame, player_page

from .test_report.runs import NASTY, make_clip


def test_what_a_page_says():
    page = player_page([make_clip('a', 0), make_clip('b', 1)], title=NASTY, classes=[NASTY, 'run'], skeleton='ucla20', fps=25)
    assert NASTY not in page and page.count('<script') == 2 and 'no floor' in page
    assert '<option value="1">run</option>' in page and 'all, one clip each' in page
    one = player_page([make_clip('a', 1)], title='', classes=['x', 'run'], skeleton='ucla20', up='y')
    assert 'no floor' not in one and 'one clip each' not in one and '"fps": 30' in one


def test_chromium_draws_it_and_plays_it(tmp_path):
    chromium = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
    if chromium is None:
        pytest.skip('Chromium is not installed')
    page = player_page([make_clip('a', 0), make_clip('b', 1)], title='two clips', classes=['walk', 'run'], skeleton='ucla20', up='y')
    look = """<script>
    const pictures = () => [...document.querySelectorAll('canvas')].map(c => c.toDataURL()), before = pictures();
    const slider = document.querySelector('.scrub input'); slider.value = 900; slider.dispatchEvent(new Event('input'));
    const after = pictures();
    const moved = before.filter((picture, i) => picture !== after[i] && picture.length > 1000).length;
    document.body.dataset.seen = before.length + ' canvases, ' + moved + ' move';
    </script>"""
    (tmp_path / 'page.html').write_text(page.replace('</body>', f'{look}</body>'), encoding='utf-8')
    command = [chromium, '--headless', '--no-sandbox', '--disable-gpu', f'--user-data-dir={tmp_path}/profile', '--virtual-time-budget=2000',
               '--dump-dom', str(tmp_path / 'page.html')]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert 'data-seen="2 canvases, 2 move"' in dom


def test_a_frame_is_one_element_whatever_the_names():
    frame = player_frame([make_clip('"><b>', 0)], title='"><b>', classes=['"'], skeleton='ucla20')
    assert frame.startswith('<iframe') and frame.endswith('"></iframe>') and frame.count('<') == 2
