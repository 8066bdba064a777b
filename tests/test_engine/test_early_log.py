"""What is logged before a runner is there goes to its log file too, and once to the console."""

from mmengine.logging import MMLogger, print_log

from mmagenc.engine.early_log import early_log, write_early


def test_early_records_reach_the_file_alone(tmp_path, capsys):
    MMLogger.get_instance('early')
    with early_log() as early:
        print_log('of the file', logger='current')
    print_log('not kept', logger='current')
    runner = MMLogger.get_instance('runner', log_file=str(tmp_path / 'run.log'))
    write_early(early, runner)
    runner.info('of the run')
    lines = [line.rsplit(' - ', 1)[1] for line in (tmp_path / 'run.log').read_text().splitlines()]
    assert lines == ['of the file', 'of the run']
    assert capsys.readouterr().out.count('of the file') == 1
