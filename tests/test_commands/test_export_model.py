"""``mmagenc export-model``: what it prints, and what it refuses."""

import pytest

from mmagenc.commands import export_model
from tests.commands import main
from tests.test_deploy.exported import tiny

pytest.importorskip('onnxscript')


def test_what_is_said():
    said = tiny().said
    assert 'RecognizerGCN of STGCN, 3 classes, ucla20, 8 frames at 25 fps' in said
    assert 'inputs: keypoint (N, 1, T, 20, 3); outputs: score, feature' in said and 'any number of clips and frames' in said
    assert 'pre-processing: window, inputs_of_persons; differs from the pipeline by 0' in said and 'largest difference from torch' in said
    assert f'run it with: python {tiny().standalone} {tiny().judge}' in said
    assert 'TransformerCVAE, 3 classes' in said and 'inputs: latent (N, 16), label (N), frame (T); outputs: keypoint' in said


@pytest.mark.parametrize('words, message', [
    (['--out', 'model.h5'], 'must end in .onnx or .pt2'),
    (['--out', 'a.onnx', '--part', 'classifier'], 'export-model: TransformerCVAE has no classifier'),
    (['--out', 'a.onnx', '--standalone', 'a.txt'], 'must end in .py'),
])
def test_refusals(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as error:
        main(export_model, [str(tiny().config), str(tiny().generator_checkpoint), *words])
    assert message in str(error.value) + capsys.readouterr().err


def test_a_file_that_is_there_stays(capsys):
    before = tiny().judge.read_bytes()
    with pytest.raises(SystemExit) as error:
        main(export_model, [str(tiny().config), str(tiny().checkpoint), '--out', str(tiny().judge), '--part', 'recognizer'])
    assert error.value.code == 2 and '--force' in capsys.readouterr().err and tiny().judge.read_bytes() == before
