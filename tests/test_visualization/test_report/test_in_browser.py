"""The page in Chromium: says nothing on the console, asks for nothing, fits narrow and wide windows, and its controls work by keys."""

import pytest

from mmagenc.visualization.report import collect_run, player_clips, write_page
from tests.browser import browser

from .runs import CLASSES, NASTY, make_clip, make_study_dir, make_work_dir, rewrite_rounds, told

FOCUS = """(() => { const node = document.activeElement;
    return node.getAttribute('aria-label') || (node.labels && node.labels[0] || node).textContent.trim().slice(0, 40); })()"""


@pytest.fixture(scope='module')
def report(tmp_path_factory):
    """A page with every part."""
    folder = make_work_dir(tmp_path_factory.mktemp('report') / 'work')
    rewrite_rounds(folder, told(), told())
    make_study_dir(folder / 'study/mine')
    run = collect_run(folder)
    run.motion = player_clips({'real': [make_clip(NASTY, 0)], 'generated': [make_clip('b', 2, seed=1)]}, skeleton='ucla20', fps=30)
    run.embedding = dict(method='t-SNE', total=2, points=[[0.5, 0.5, 'train', 0, NASTY], [0.1, 0.9, 'generated', 2, 'b']])
    write_page([run], folder / 'report.html')
    return folder / 'report.html'


@pytest.fixture(scope='module')
def page(tmp_path_factory):
    with browser(tmp_path_factory.mktemp('profile')) as found:
        yield found


def test_nothing_is_said_asked_for_or_cut(page, report):
    for width in (390, 1400):
        page.open(report, width=width, dark=width == 390, still=True)
        assert page.messages() == [] and page.requests() == [report.as_uri()]
        assert page.run('document.documentElement.scrollWidth') == width
        charts = page.run("""[...document.querySelectorAll('.plot')].map(plot => [plot.querySelectorAll('path').length > 0,
            plot.querySelector('svg').getBoundingClientRect().width <= plot.clientWidth + 1])""")
        assert len(charts) == 8 and all(map(all, charts)), charts  # two curves, four of the loop, the study, the embedding


def test_every_control_is_reached_and_works_by_keys(page, report):
    page.open(report)
    reached = []
    for _ in range(60):
        page.press('Tab')
        reached.append(page.run(FOCUS))
        if reached[-1] == 'Switch between light and dark':
            page.press('Enter')
        elif reached[-1].startswith('▶ Play'):
            page.press(' ')
            assert 'Pause' in page.run("document.querySelector('.play').textContent")
            page.press(' ')
        elif reached[-1] == 'Time':
            before = page.run("document.querySelector('.time').textContent")
            page.press('End')
            assert page.run("document.querySelector('.time').textContent") != before
        elif reached[-1].startswith('loss by epoch'):
            page.press('ArrowLeft')
            assert page.run("document.getElementById('tip').textContent") == 'epoch 1.5\n1'
            page.press('Escape')
            assert page.run("document.getElementById('tip').hidden")
        elif reached[-1] == 'real, training':
            page.settle()
            drawn = page.run("document.querySelectorAll('.embedding .plot svg .mark-symbol path').length")
            page.press(' ')
            page.settle()
            assert page.run("document.querySelectorAll('.embedding .plot svg .mark-symbol path').length") == drawn - 1
        elif reached[-1].startswith('Highlight'):
            break
    assert page.run('document.documentElement.dataset.theme') == 'dark'
    wanted = ('Skip to the report', 'Switch between light and dark', 'Answers', 'Time', 'Smaller', 'Larger', 'Reset view',
              'Skeletons: arrow keys turn, space plays, plus and minus zoom', 'loss by epoch: loss ends at 0.5', 'real, training')
    assert [name for name in wanted if name not in reached] == [] and reached[-1].startswith('Highlight'), reached
    assert page.messages() == []


def test_every_control_has_a_name_and_nothing_of_a_run_is_markup(page, report):
    page.open(report)
    nameless = page.run("""[...document.querySelectorAll('button, input, select, [tabindex]')].filter(node =>
        !(node.getAttribute('aria-label') || node.textContent.trim() || (node.labels && node.labels.length)))
        .map(node => node.outerHTML)""")
    assert nameless == []
    assert page.run("document.querySelectorAll('main b').length") == 0 and page.run(
        f"[...document.querySelectorAll('.players .class option')].some(each => each.textContent === {CLASSES[2]!r})")


def test_values_at_the_pointer(page, report):
    page.open(report)
    box = page.run("""(() => { const plot = document.querySelector('.plot'); plot.scrollIntoView({block: 'center', behavior: 'instant'});
        const box = plot.getBoundingClientRect(); return [box.left + box.width - 12, box.top + 40]; })()""")
    page.send('Input.dispatchMouseEvent', type='mouseMoved', x=box[0], y=box[1])
    page.settle()
    assert page.run("document.getElementById('tip').textContent") == 'epoch 2\n0.5'
