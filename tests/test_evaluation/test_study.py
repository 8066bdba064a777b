"""Choice of clips, settings, paired statistics and tables of studies."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from mmagenc.evaluation.study import (
    StudyRow,
    changed_settings,
    hold_out,
    markdown_table,
    more_than_luck,
    paired_difference,
    people_text,
    plain_words,
    read_rows,
    select_clips,
    select_evenly,
    settings_hash,
    summarize,
    write_rows,
)
from mmagenc.evaluation.study_plan import divide_groups

LABEL = np.array([0, 1, 2] * 8 + [2] * 5)


def make_row(arm='real', seed=0, top1=0.5, *, size=5, **changes):
    row = StudyRow(
        dataset='made', arm=arm, clips_per_class=size, seed=seed, top1=top1, mean_class=top1 / 2, val_top1=0.75, steps=10, num_real=15,
        num_synthetic=0 if arm == 'real' else 7, picked_iter=4, wall_s=1.5, config_hash='abc')
    return dataclasses.replace(row, **changes)


def test_every_class_gives_the_same_number():
    chosen = select_clips(LABEL, 5, seed=3)
    assert np.bincount(LABEL[chosen]).tolist() == [5, 5, 5]
    assert len(set(chosen.tolist())) == 15 and (np.diff(chosen) > 0).all()


def test_clips_depend_on_the_seed_alone_and_larger_sets_contain_smaller_ones():
    assert np.array_equal(select_clips(LABEL, 4, seed=1), select_clips(LABEL, 4, seed=1))
    assert not np.array_equal(select_clips(LABEL, 4, seed=1), select_clips(LABEL, 4, seed=2))
    assert set(select_clips(LABEL, 2, seed=1)) < set(select_clips(LABEL, 4, seed=1)) < set(select_clips(LABEL, 'all', seed=1))


def test_clips_of_a_class_do_not_depend_on_the_other_classes():
    alone = np.flatnonzero(LABEL == 1)
    assert set(select_clips(LABEL, 3, seed=5)) & set(alone) == {alone[i] for i in _of_class(np.ones(len(alone), int), 3, 5)}


def _of_class(label, number, seed):
    return select_clips(label, number, seed=seed)


@pytest.mark.parametrize('number, message', [(9, 'class 0 has 8 clips'), (0, 'from 1'), (True, 'from 1'), ('half', "'half'"), (2.5, '2.5')])
def test_sizes_that_cannot_be(number, message):
    with pytest.raises(ValueError, match=message):
        select_clips(LABEL, number, seed=0)


def test_held_out_clips_are_a_share_of_each_class():
    kept, held = hold_out(LABEL, 0.25)
    assert np.bincount(LABEL[held]).tolist() == [2, 2, 3]  # of 8, 8 and 13
    assert sorted([*kept, *held]) == list(range(len(LABEL)))
    one_each, _ = hold_out([0, 0, 1, 1], 0.9)
    assert [0, 0, 1, 1][one_each[0]] == 0 and len(one_each) == 2  # never all
    with pytest.raises(ValueError, match='class 1 has one clip'):
        hold_out([0, 0, 1], 0.5)
    with pytest.raises(ValueError, match='between 0 and 1'):
        hold_out(LABEL, 1.)


def test_hash_tells_settings_apart_and_order_does_not_matter():
    assert settings_hash(dict(a=1, b=[1, 2])) == settings_hash(dict(b=(1, 2), a=1))
    assert settings_hash(dict(a=1)) != settings_hash(dict(a=2))


def test_changed_settings_are_named():
    old = dict(study=dict(steps=5, arms=['real']), same=(1, 2), gone=1)
    new = dict(study=dict(steps=6, arms=['real']), same=[1, 2], added=None)
    assert changed_settings(old, new) == ['added', 'gone', 'study.steps']
    assert changed_settings(old, old) == []


def test_paired_interval_is_the_paired_t_tests():
    rng = np.random.default_rng(0)
    baseline = rng.normal(size=7)
    values = baseline + rng.normal(0.3, 0.2, size=7)
    found = paired_difference(values, baseline)
    expected = stats.ttest_rel(values, baseline).confidence_interval(0.95)
    assert found.mean == pytest.approx((values - baseline).mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.num_pairs == 7


def test_paired_bootstrap_draws_pairs():
    values, baseline = np.array([0.2, 0.5, 0.9, 0.4]), np.array([0.1, 0.3, 0.6, 0.4])
    found = paired_difference(values, baseline)
    difference = values - baseline
    every = np.array(np.meshgrid(*[difference] * 4)).reshape(4, -1).mean(axis=0)  # all 256 draws
    assert (found.bootstrap_low, found.bootstrap_high) == pytest.approx(tuple(np.quantile(every, [0.025, 0.975])), abs=0.01)
    assert found == paired_difference(values, baseline)


def test_what_pairs_share_drops_out():
    shared = np.array([0.1, 0.9, 0.4])
    found = paired_difference(shared + 0.05, shared)
    assert (found.low, found.high) == pytest.approx((0.05, 0.05))
    assert np.isnan(paired_difference([0.2], [0.1]).low)
    with pytest.raises(ValueError, match='as many'):
        paired_difference([0.1, 0.2], [0.1])


def test_summary_compares_common_seeds_only():
    rows = [make_row('real', seed, 0.1 * seed) for seed in range(4)]
    rows += [make_row('infagenc', seed, 0.1 * seed + 0.2) for seed in (1, 3, 9)]
    real, pool = summarize(rows)
    assert (real.arm, real.seeds, real.difference) == ('real', (0, 1, 2, 3), None)
    assert real.mean == pytest.approx(0.15)
    expected = stats.t.interval(0.95, 3, loc=0.15, scale=stats.sem([0, 0.1, 0.2, 0.3]))
    assert real.mean + real.half_width == pytest.approx(expected[1])
    assert pool.difference.num_pairs == 2 and pool.difference.mean == pytest.approx(0.2)
    assert (pool.num_real, pool.num_synthetic) == (15, 7)


def test_summary_refuses_what_is_not_there_or_there_twice():
    with pytest.raises(ValueError, match='two runs of made, 5 clips a class, real, seed 0'):
        summarize([make_row(), make_row()])
    with pytest.raises(ValueError, match="'top5'"):
        summarize([make_row()], 'top5')


def test_runs_of_other_data_or_settings_are_no_pairs():
    real = [make_row('real', seed, 0.6, config_hash='h1') for seed in range(8)]
    other = [make_row('other', seed, 0.7 + 0.01 * (seed % 2), config_hash='h2') for seed in range(8)]
    assert [cell.difference for cell in summarize(real + other)] == [None, None]
    assert 'nothing to compare yet' in plain_words(real + other) and '+10' not in markdown_table(real + other)
    more = [make_row('real', seed, 0.5, config_hash='h2') for seed in (8, 9)]
    assert summarize(real + more + other[:8] + [make_row('other', 8, 0.7, config_hash='h2')])[1].difference.num_pairs == 1
    with pytest.raises(ValueError, match='seed 3, of different data or settings, which need different names'):
        summarize(real + [make_row('real', 3, config_hash='h2')])


def test_rows_survive_the_csv_file_in_a_fixed_order(tmp_path):
    rows = [make_row('infagenc', 1), make_row('real', 10, 1 / 3), make_row('real', 2), make_row(size='all'), make_row(size=10)]
    write_rows(rows, tmp_path / 'runs.csv')
    found = read_rows(tmp_path / 'runs.csv')
    assert [(row.clips_per_class, row.arm, row.seed) for row in found] == [
        (5, 'real', 2), (5, 'real', 10), (5, 'infagenc', 1), (10, 'real', 0), ('all', 'real', 0)]
    assert sorted(map(str, found)) == sorted(map(str, rows))
    (tmp_path / 'other.csv').write_text('a,b\n1,2\n')
    with pytest.raises(ValueError, match='columns'):
        read_rows(tmp_path / 'other.csv')


def test_table_has_a_line_for_each_arm_and_size():
    rows = [make_row(arm, seed, value, size=size) for size in (5, 'all') for seed in (0, 1)
            for arm, value in (('real', 0.5 + 0.02 * seed), ('infagenc', 0.6 + 0.04 * seed))]
    lines = markdown_table(rows).splitlines()
    assert [line.split(' | ')[1:3] for line in lines[2:6]] == [['5', 'real'], ['5', 'infagenc'], ['all', 'real'], ['all', 'infagenc']]
    # hand-computed: differences 10 and 12 points, mean 11, t(0.975, 1) = 12.706 times 1
    assert '+11.0 [-1.7, +23.7]' in lines[3] and 'n = 2' in lines[3]
    assert '51.0 ± 12.7' in lines[2] and '25.5 ± 6.4' in lines[2]
    assert [line.rstrip(' |').rsplit(' | ')[-1] for line in lines[2:4]] == ['–', '–']  # there is no arm `augmented`
    rows += [make_row('augmented', seed, 0.55, size=5) for seed in (0, 1)]
    second = {line.split(' | ')[2]: line.split(' | ')[9] for line in markdown_table(rows).splitlines()[2:5]}
    # 60 and 64 against 55 and 55: differences 5 and 9, mean 7, t times 2
    assert second['infagenc'].startswith('+7.0 [-18.4, +32.4]') and second['real'].startswith('–') and second['augmented'].startswith('–')
    assert '(one pair)' in markdown_table([make_row(), make_row('infagenc')])


def test_a_share_stays_within_its_range():
    """90 and 100 %: mean 95, half width 12.706 · 5 = 63.5, cut at 100; one seed has no interval."""
    rows = [make_row(seed=seed, top1=value) for seed, value in ((0, 0.9), (1, 1.))]
    cell, = summarize(rows)
    assert cell.interval == pytest.approx((0.95 - 0.05 * 12.7062, 1), abs=1e-4)
    assert '95.0 [31.5, 100.0]' in markdown_table(rows) and 'cut to 0 and 100 %' in markdown_table(rows)
    assert np.isnan(summarize(rows[:1])[0].interval).all()


def test_no_difference_has_no_minus_sign():
    rows = [make_row(arm, seed, value) for seed in (0, 1, 2) for arm, value in (('real', 0.5), ('infagenc', 0.49999))]
    assert '+0.0 [' in markdown_table(rows) and '-0.0' not in markdown_table(rows)


def arm_rows(arm, values):
    return [make_row(arm, seed, value) for seed, value in enumerate(values)]


def test_plain_words_tell_luck_from_gain():
    base = arm_rows('real', [0.5] * 8)
    better = arm_rows('new', [0.6, 0.62, 0.58, 0.61, 0.6, 0.59, 0.6, 0.6])
    words = 'made, 5 clips a class: new (60.0 %) is 10.0 points better than real, 95 % interval +9.0 to +11.0: more than luck.'
    assert plain_words(base + better) == words
    assert 'best of 2, some of its lead is luck' in plain_words(base + better + arm_rows('other', [0.4] * 8))
    scattered = arm_rows('new', [0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6, 0.5])
    assert 'nothing is better than real for certain; nearest is new, +1.2 points' in plain_words(base + scattered)
    assert '3 seeds say little; 8 to 10 are needed' in plain_words(base[:3] + better[:3])
    assert 'nothing to compare yet' in plain_words(base)
    assert 'new (50.0 %) is no better or worse than real, but 3 seeds' in plain_words(base[:3] + arm_rows('new', [0.5] * 3))


def test_table_counts_its_comparisons_and_marks_those_that_exclude_zero():
    values = dict(real=[0.5, 0.51, 0.5, 0.5, 0.51], augmented=[0.7, 0.72, 0.71, 0.7, 0.72], mine=[0.5, 0.52, 0.49, 0.5, 0.51])
    table = markdown_table([row for arm, accuracies in values.items() for row in arm_rows(arm, accuracies)])
    assert 'Comparisons: 3, of which 2 exclude 0; of so many about 0.1 would by chance.' in table  # mine is with both
    assert table.count('**') == 4 and '**+20.6 [' in table
    few = markdown_table([row for arm, accuracies in values.items() for row in arm_rows(arm, accuracies[:4])])
    assert '+20.5 [' in few and '**' not in few and 'Comparisons' not in few and 'of 5 pairs or more' in few


def test_runs_without_validation_are_read_again(tmp_path):
    rows = [make_row(val_top1=float('nan'))]
    write_rows(rows, tmp_path / 'runs.csv')
    read = read_rows(tmp_path / 'runs.csv')
    assert np.isnan(read[0].val_top1) and 'The last checkpoint was tested' in markdown_table(read)
    (tmp_path / 'runs.csv').write_text((tmp_path / 'runs.csv').read_text().replace('0.5,0.25,nan', 'nan,0.25,nan'))
    with pytest.raises(ValueError, match='top1 is nan'):
        read_rows(tmp_path / 'runs.csv')


def test_own_arms_keep_their_order():
    rows = [make_row(arm, seed) for seed in (1, 0) for arm in ('zebra', 'apple', 'real')]
    assert [cell.arm for cell in summarize(rows)] == ['real', 'zebra', 'apple']


def test_groups_give_clips_in_turn_as_long_as_they_have_some():
    label = np.array([0] * 6 + [1] * 6)
    group = np.array([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1])
    chosen = select_evenly(label, group, 4, seed=0)
    assert np.bincount(label[chosen]).tolist() == [4, 4]
    assert np.bincount(group[chosen[:4]]).tolist() == [2, 2] and np.bincount(group[chosen[4:]]).tolist() == [3, 1]
    assert set(select_evenly(label, group, 3, seed=0)) < set(chosen) and group[select_evenly(label, group, 1, seed=0)].tolist() == [0, 0]
    assert any(not np.array_equal(chosen, select_evenly(label, group, 4, seed=seed)) for seed in (1, 2, 3))
    with pytest.raises(ValueError, match='class 0 has 6 clips, 7'):
        select_evenly(label, group, 7, seed=0)


def people_rows(arm, gains, *, num_test=1, seeds=range(8), run_noise=None, config_hash='abc'):
    """Runs of a study by people: what each person gains over 50 %, and each run's own share of luck."""
    names, rows = [f'S{i:02}' for i in range(len(gains))], []
    for seed in seeds:
        test = divide_groups(names, num_train=len(names) - num_test, num_test=num_test, seed=seed).test
        shares = {name: float(np.clip(0.5 + gains[int(name[1:])] + (0 if run_noise is None else run_noise[seed]), 0, 1)) for name in test}
        rows.append(make_row(arm, seed, float(np.mean(list(shares.values()))), config_hash=config_hash,
                             tested=people_text('subject', {name: (share, share / 2) for name, share in shares.items()})))
    return rows


@pytest.mark.parametrize('person_sd, run_sd', [(0.05, 0.02), (0.01, 0.05)])
@pytest.mark.parametrize('people', [3, 4, 5, 6, 12, 20])
def test_luck_is_seldom_taken_for_gain(people, person_sd, run_sd):
    """Without any gain an interval lies above 0 in one of forty studies, however few people are tested by however many seeds."""
    rng, found, studies = np.random.default_rng(people), 0, 200
    real = people_rows('real', np.zeros(people), num_test=-(-people // 8))
    for _ in range(studies):
        mine = people_rows('mine', rng.normal(0, person_sd, people), num_test=-(-people // 8), run_noise=rng.normal(0, run_sd, 8))
        found += more_than_luck(summarize(real + mine, num_resamples=2)[1].difference)
    assert found <= (0 if people < 5 else 0.065 * studies)


def test_a_gain_of_enough_people_is_found():
    gains = np.array([0.1, 0.12, 0.08, 0.11, 0.09, 0.1])
    real, mine = people_rows('real', np.zeros(6)), people_rows('mine', gains)
    words = 'mine (60.0 %) is 10.0 points better than real, 95 % interval +8.5 to +11.5, 6 people tested: more than luck.'
    assert words in plain_words(real + mine)
    table = markdown_table(real + mine)
    assert '**+10.0 [+8.5, +11.5]**' in table and 'n = 8, 6 people' in table and 'Where n names people' in table
    scattered = plain_words(real + people_rows('mine', gains * [1, -1, 1, -1, 1, -1]))
    assert 'nothing is better than real for certain; nearest is mine, -1.0 points' in scattered and ', 6 people tested.' in scattered


def test_seeds_that_test_the_same_people_count_once():
    """Four people by eight seeds: an interval of four values, three degrees of freedom, and nothing is set off."""
    gains = np.array([0.1, 0.12, 0.08, 0.11])
    rows = people_rows('real', np.zeros(4)) + people_rows('mine', gains)
    real, mine = summarize(rows)
    low, high = stats.t.interval(0.95, 3, loc=gains.mean(), scale=stats.sem(gains))
    assert (mine.difference.low, mine.difference.high) == pytest.approx((low, high))
    assert (mine.difference.num_pairs, mine.difference.num_units, mine.difference.num_people, mine.difference.key) == (8, 4, 4, 'subject')
    assert mine.mean == pytest.approx(0.5 + gains.mean()) and real.half_width == pytest.approx(0)
    assert '4 people tested say little; 5 or more are needed' in plain_words(rows) and '**' not in markdown_table(rows)


def test_people_of_one_seed_are_no_independent_trials():
    """Where a run's own luck is all there is, the interval over seeds is the wider one and is given."""
    noise = np.random.default_rng(0).normal(0, 0.05, 8)
    rows = people_rows('real', np.zeros(16), num_test=2) + people_rows('mine', np.zeros(16), num_test=2, run_noise=noise)
    difference = summarize(rows)[1].difference
    assert difference.num_units == 8 and difference.num_people == 16
    assert difference.high - difference.low == pytest.approx(2 * stats.t.ppf(0.975, 7) * stats.sem(noise), rel=1e-3)


def test_one_set_of_people_has_no_interval():
    rows = [make_row(arm, seed, 0.5, tested=people_text('camera', {'left': (share, 0.5)}))
            for arm, share in (('real', 0.5), ('mine', 0.6)) for seed in range(8)]
    assert '+10.0, n = 8, 1 camera ' in markdown_table(rows) and '1 camera tested say little' in plain_words(rows)


def test_files_without_the_people_tested_are_read(tmp_path):
    rows = people_rows('real', np.zeros(3))
    write_rows(rows, tmp_path / 'runs.csv')
    assert read_rows(tmp_path / 'runs.csv') == rows
    lines = [line.split(',"{')[0].removesuffix(',tested') for line in (tmp_path / 'runs.csv').read_text().splitlines()]
    (tmp_path / 'old.csv').write_text('\n'.join(lines))
    assert read_rows(tmp_path / 'old.csv') == [dataclasses.replace(row, tested='') for row in rows]
    for wrong in ('[]', '{}', '{"subject": {}}', '{"subject": {"S0": [2, 0]}}', '{"subject": {"S0": [0.5]}}', '{"subject": 1}', '{',
                  '[' * 10000):
        write_rows([make_row(tested=wrong)], tmp_path / 'runs.csv')
        with pytest.raises(ValueError, match='line 2: tested is .*expected JSON such as'):
            read_rows(tmp_path / 'runs.csv')
