"""The shipped infant body is what its script builds."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from mmagenc.body_models.body_model import INFANT_ASSET

ROOT = Path(__file__).resolve().parents[2]


def test_asset_is_small_and_carries_its_licence():
    with np.load(INFANT_ASSET) as asset:
        assert 'CC0' in str(asset['licence']) and 'Apache-2.0' in str(asset['licence'])
        assert list(asset['betas']) == ['size', 'age', 'weight']
    assert INFANT_ASSET.stat().st_size < 3 * 2**20
    assert 'CC0' in (INFANT_ASSET.parent / 'README.md').read_text(encoding='utf-8')


def test_asset_regressor_gives_joints_of_every_shape_at_the_origin_and_betas_are_orthogonal():
    with np.load(INFANT_ASSET) as asset:
        regressor, template, shapes = (asset[key].astype(np.float64) for key in ('J_regressor', 'v_template', 'shapedirs'))
    np.testing.assert_allclose(regressor.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(np.einsum('v,vck->ck', regressor[0], shapes), 0, atol=1e-6)
    flat = shapes.reshape(-1, 3)
    flat = flat / np.linalg.norm(flat, axis=0)
    assert np.abs(flat.T @ flat - np.eye(3)).max() < 0.02


def test_asset_agrees_with_its_script():
    """Builds Anny's cache on the first call, which takes one to three minutes; three seconds afterwards."""
    pytest.importorskip('anny', reason='Anny is not installed (pip install mmagenc[anny])')
    spec = importlib.util.spec_from_file_location('build_infant_body', ROOT / 'tools/data/build_infant_body.py')
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    built = script.build()
    with np.load(INFANT_ASSET) as asset:
        assert sorted(asset.files) == sorted(built)
        for key, value in built.items():
            if value.dtype.kind in 'iU':
                assert np.array_equal(asset[key], value), key
            else:
                np.testing.assert_allclose(asset[key], value, atol=1e-4, err_msg=key)
