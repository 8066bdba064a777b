"""The adapter to the published InfAGenC code, on a copy whose modules and signatures are the published ones and whose work is a toy's."""

import sys
import textwrap

import pytest
import torch

from mmagenc.benchmarks import cvae
from mmagenc.benchmarks.plain_cvae import synthetic_body_arrays
from mmagenc.benchmarks.published_infagenc import PublishedInfAGenC
from mmagenc.benchmarks.timing import Settings

FILES = {
    'src/config.py': """
        SMPL_MODEL_PATH, JOINT_REGRESSOR_TRAIN_EXTRA = 'models/smpl/smil_web.pkl', 'models/smpl/J_regressor_extra.npy'
        """,
    'src/models/rotation2xyz.py': """
        import joblib  # wanted by the published readers of other data sets
        import numpy as np
        import smplx
        from src.config import JOINT_REGRESSOR_TRAIN_EXTRA, SMPL_MODEL_PATH

        class Rotation2xyz:
            def __init__(self, device):
                self.smpl_model = smplx.SMPLLayer(model_path=SMPL_MODEL_PATH).to(device)
                assert np.load(JOINT_REGRESSOR_TRAIN_EXTRA).shape == (9, 6890)
        """,
    'src/models/get_model.py': """
        import torch

        def get_model(parameters):
            from .rotation2xyz import Rotation2xyz
            calls.append('body of %d vertices' % len(Rotation2xyz(parameters['device']).smpl_model.v_template))
            return Model(**parameters)

        calls = []

        class Model(torch.nn.Module):
            def __init__(self, njoints, nfeats, num_layers, num_classes, lambdas, jointstype, **kwargs):
                super().__init__()
                self.calls, self.layer, self.size = calls, torch.nn.Linear(nfeats, nfeats), (num_layers, num_classes)
                self.losses, self.param2xyz = [*lambdas, 'mixed'], dict(jointstype=jointstype)

            def forward(self, batch):
                self.calls.append('forward')
                return dict(batch, output=self.layer(batch['x'].transpose(2, 3)))

            def compute_loss(self, batch, mode, epoch):
                return batch['output'].square().mean(), dict.fromkeys(self.losses, 0.)

            def generate(self, classes, durations, nspa=1):
                self.calls.append('generate %d %s' % (nspa * len(classes), self.training))
                return dict(output=torch.zeros(1), mask=torch.ones(1))

            def rot2xyz(self, x, mask, **kwargs):
                self.calls.append(self.param2xyz['jointstype'])
                return x, x
        """,
    'src/train/trainer.py': """
        from tqdm import tqdm
        from src.visualize.visualize import generate_by_ori_video_sequences

        def train(model, optimizer, iterator, device, epoch, para):
            model.train()
            for batch in tqdm(iterator, desc='Computing batch'):
                optimizer.zero_grad()
                loss, _ = model.compute_loss(model({key: value.to(device) for key, value in batch.items()}), 'train', epoch)
                loss.backward()
                optimizer.step()
        """,
    'src/visualize/visualize.py': 'raise ImportError("no drawing here")\n'
}


@pytest.fixture()
def checkout(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / 'checkout' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return tmp_path / 'checkout'


def build(folder):
    body = synthetic_body_arrays(torch.zeros(24, 3))
    return PublishedInfAGenC(folder, body=body, num_classes=5, num_frames=4, num_layers=3, device='cpu')


def test_calls_of_the_published_scripts(checkout):
    """A step updates the weights on a whole batch; generation is the script's: in evaluation mode, vertices, and skinned again."""
    modules, path = set(sys.modules), list(sys.path)
    published = build(checkout)
    assert sys.path == path and not {name for name in set(sys.modules) - modules if name.split('.')[0] in ('src', 'joblib')}
    model, before = published.model, published.model.layer.weight.clone()
    published.step(2, 4, 5)()
    assert model.size == (3, 5) and model.training and not torch.equal(before, model.layer.weight)
    published.generation(10, 4, 5)()
    assert model.calls == ['body of 6890 vertices', 'forward', 'generate 10 False', 'vertices']
    assert model.param2xyz == dict(jointstype='smpl')  # as before, for the steps that follow


def test_rows_of_the_benchmark(checkout, monkeypatch):
    """With ``--published`` the rows of the CVAE carry the published seconds, without it they do not."""
    for name, value in dict(BATCH=2, NUM_FRAMES=3, NUM_LAYERS=1, NUM_GENERATED=5, NUM_FEATURES=30, FEATURE_DIM=4).items():
        monkeypatch.setattr(cvae, name, value)
    monkeypatch.setattr(cvae, 'half_precision', lambda settings: False)
    rows = {row['name']: row for row in cvae.cvae(Settings(device='cpu', repeats=1, published=checkout))}
    assert {name for name, row in rows.items() if 'published_s' in row} == {'train_step_fp32', 'generate_50'}
    assert rows['train_step_fp32']['published_ratio'] == pytest.approx(
        rows['train_step_fp32']['published_s'] / rows['train_step_fp32']['ours_s'])


def test_what_is_no_copy_of_it(tmp_path, checkout):
    with pytest.raises(FileNotFoundError, match=r'no src/models/get_model\.py there; it must be a copy of https://github\.com/ostadabbas'):
        build(tmp_path)
    (checkout / 'src' / 'train' / 'trainer.py').write_text('import no_such_package\n')
    with pytest.raises(RuntimeError, match='the code there cannot be built: ModuleNotFoundError.*no_such_package'):
        build(checkout)
    assert str(checkout) not in sys.path
