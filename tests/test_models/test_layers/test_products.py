"""Products by oneDNN: what they give, and when they are taken. The truth is the same product in float64."""

import pytest
import torch

from mmagenc.models.layers import products
from mmagenc.models.layers.products import add_matmul, linear, matmul, transposed_matmul

pytestmark = pytest.mark.skipif(products.LINEAR is None, reason='this PyTorch has no oneDNN, or not its linear layer')


@pytest.fixture(autouse=True)
def _onednn(monkeypatch):
    """As on a processor with AVX-512."""
    monkeypatch.setattr(products, 'FASTER', True)


@pytest.fixture()
def calls(monkeypatch):
    """Weights that oneDNN was asked to take."""
    taken, plain = [], products.LINEAR
    monkeypatch.setattr(products, 'LINEAR', lambda x, weight, *rest: taken.append(weight) or plain(x, weight, *rest))
    return taken


def _strided(rows: int, columns: int) -> torch.Tensor:
    return torch.randn(rows, 3 * columns)[:, columns:2 * columns]


def _shifted(rows: int, columns: int) -> torch.Tensor:
    return torch.randn(rows + 1, columns)[1:]


LAYOUTS = dict(
    dense=torch.randn, turned=lambda rows, columns: torch.randn(columns, rows).t(), strided=_strided, shifted=_shifted)


def _close(result: torch.Tensor, *factors: torch.Tensor) -> None:
    left, right = (factor.double() for factor in factors)
    torch.testing.assert_close(result.double(), left @ right, rtol=0, atol=1e-6 * left.shape[-1]**0.5 * 10)


@pytest.mark.parametrize('right', LAYOUTS)
@pytest.mark.parametrize('left', LAYOUTS)
def test_products_are_those_in_float64_whatever_lies_in_memory(left, right, calls):
    torch.manual_seed(0)
    a, b = LAYOUTS[left](1500, 48), LAYOUTS[right](48, 80)
    _close(matmul(a, b), a, b)
    assert len(calls) == 1


@pytest.mark.parametrize('columns', [(40, 90), (90, 40)])
@pytest.mark.parametrize('right', LAYOUTS)
@pytest.mark.parametrize('left', LAYOUTS)
def test_transposed_products(left, right, columns, calls):
    torch.manual_seed(0)
    a, b = LAYOUTS[left](1500, columns[0]), LAYOUTS[right](1500, columns[1])
    _close(transposed_matmul(a, b), a.T, b)
    assert len(calls) == 1


def test_a_large_gradient_lies_as_its_weight_does(calls):
    """Autograd would copy it otherwise, which takes longer than what is won."""
    left, right = torch.randn(4, 2048), torch.randn(4, 512)
    result = transposed_matmul(left, right)
    assert result.is_contiguous() and len(calls) == 1
    _close(result, left.T, right)


def test_onednn_gets_no_weight_with_gaps(calls):
    """It would take a thousand times as long, without a word."""
    matmul(torch.randn(1500, 48), _strided(48, 80))
    transposed_matmul(_strided(1500, 48), _strided(1500, 80))
    assert all(weight.is_contiguous() or weight.t().is_contiguous() for weight in calls)
    assert len(calls) == 2


def test_leading_dimensions_and_bias(calls):
    x, weight, bias = torch.randn(30, 50, 48), torch.randn(80, 48), torch.randn(80)
    torch.testing.assert_close(linear(x, weight, bias), torch.nn.functional.linear(x, weight, bias), rtol=1e-5, atol=1e-5)
    assert len(calls) == 1


@pytest.mark.parametrize('faster', [True, False])
@pytest.mark.parametrize('rows', [3, 1500])
@pytest.mark.parametrize('layout', LAYOUTS)
def test_sums_of_products_in_place(layout, rows, faster, monkeypatch):
    monkeypatch.setattr(products, 'FASTER', faster)
    out, left, right = LAYOUTS[layout](rows, 80), torch.randn(rows, 48), torch.randn(48, 80)
    add_matmul(out, left, right, begin=True)
    _close(out, left, right)
    add_matmul(out, left, right)
    _close(out, 2 * left, right)


@pytest.mark.parametrize('left, right', [
    (torch.randn(3, 48), torch.randn(48, 80)),
    (torch.randn(0, 48), torch.randn(48, 80)),
    (torch.randn(1500, 48).double(), torch.randn(48, 80).double()),
    (torch.randn(1500, 48).bfloat16(), torch.randn(48, 80).bfloat16()),
])
def test_few_numbers_and_other_types_are_pytorchs(left, right, calls):
    assert torch.equal(matmul(left, right), left @ right)
    assert not calls


def test_gradients_are_kept(calls):
    """The operation has none: results would stand still without a word."""
    left, right = torch.randn(1500, 48), torch.randn(48, 80, requires_grad=True)
    matmul(left, right).sum().backward()
    torch.testing.assert_close(right.grad, left.sum(dim=0)[:, None].expand(-1, 80), rtol=1e-4, atol=1e-4)
    assert not calls


def test_another_machine_is_left_alone(calls, monkeypatch):
    monkeypatch.setattr(products, 'FASTER', False)
    left, right = torch.randn(1500, 48), torch.randn(48, 80)
    assert torch.equal(matmul(left, right), left @ right)
    assert not calls


@pytest.mark.parametrize('text, expected', [
    ('processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: x\n', 'GenuineIntel'),
    ('processor\t: 0\nvendor_id\t: AuthenticAMD\n', 'AuthenticAMD'),
    ('processor\t: 0\nCPU implementer\t: 0x41\n', 'arm'),
    (None, 'arm'),
])
def test_the_processors_maker(text, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(products, 'CPUINFO', tmp_path / 'cpuinfo')
    monkeypatch.setattr(products.platform, 'processor', lambda: 'arm')
    if text is not None:
        products.CPUINFO.write_text(text)
    assert products.vendor() == expected
