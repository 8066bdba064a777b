"""Errors of images by hand, and SSIM against its formula written out."""

import numpy as np
import pytest

pytest.importorskip('torchmetrics', reason='torchmetrics is not installed')

from mmagenc.evaluation.functional import image_errors  # noqa: E402
from mmagenc.evaluation.functional.image_error import HIGHEST_PSNR  # noqa: E402


def pair(count=3, size=16):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, size, size, 3))
    return images.astype(np.uint8), np.clip(images + rng.integers(-60, 60, images.shape), 0, 255).astype(np.uint8)


def covariance(weight, a, b):
    return (weight * (a - (weight * a).sum()) * (b - (weight * b).sum())).sum()


def plain_ssim(x, y):
    """Mean over windows that lie wholly in the image, and over colours, of the structural similarity under a Gaussian of deviation 1.5."""
    x, y = x / 255, y / 255
    line = np.exp(-np.arange(-5, 6)**2 / (2 * 1.5**2))
    weight = np.outer(line, line) / line.sum()**2
    values = []
    for color in range(3):
        for row in range(x.shape[0] - 10):
            for column in range(x.shape[1] - 10):
                a, b = (image[row:row + 11, column:column + 11, color] for image in (x, y))
                means = [(weight * image).sum() for image in (a, b)]
                var_a, var_b, cov = (covariance(weight, *both) for both in ((a, a), (b, b), (a, b)))
                c1, c2 = 0.01**2, 0.03**2
                values.append((2 * means[0] * means[1] + c1) * (2 * cov + c2) /
                              ((means[0]**2 + means[1]**2 + c1) * (var_a + var_b + c2)))
    return np.mean(values)


def test_by_hand():
    images, targets = np.zeros((1, 16, 16, 3), dtype=np.uint8), np.zeros((1, 16, 16, 3), dtype=np.uint8)
    targets[0, :4] = 51  # a fifth of the range in a quarter of the image
    mask = np.zeros((1, 16, 16), dtype=np.uint8)
    mask[0, 2:6] = 1
    errors = image_errors(images, targets, mask)
    assert errors['l1'][0] == pytest.approx(0.05) and errors['person_l1'][0] == pytest.approx(0.1)
    assert errors['psnr'][0] == pytest.approx(-10 * np.log10(0.04 / 4))
    assert np.isnan(image_errors(images, targets, 0 * mask)['person_l1'][0])


def test_what_moved_is_where_the_target_is_not_the_source():
    """Made: nothing of a tenth, in rows 0 to 3; source: like the target there, and far from it in rows 8 to 11, hardly in rows 12 to 15."""
    images, targets = np.zeros((2, 16, 16, 3), dtype=np.uint8), np.zeros((2, 16, 16, 3), dtype=np.uint8)
    targets[0, :4, ..., 1], images[0, 8:10] = 51, 255
    source = targets[0].copy()
    source[8:12, :, 2], source[12:] = 13, 12
    errors = image_errors(images[:1], targets[:1], source=source)
    assert errors['moved_l1'][0] == pytest.approx(0.5)
    each = image_errors(images, targets, source=np.stack([source, targets[1]]))
    assert each['moved_l1'][0] == pytest.approx(0.5) and np.isnan(each['moved_l1'][1])


def test_ssim_is_that_of_the_formula():
    images, targets = pair()
    np.testing.assert_allclose(image_errors(images, targets)['ssim'], [plain_ssim(*both) for both in zip(images, targets)], atol=1e-6)


def test_equal_images():
    images, _ = pair()
    errors = image_errors(images, images)
    np.testing.assert_allclose(errors['ssim'], 1)
    np.testing.assert_allclose(errors['psnr'], HIGHEST_PSNR)
    assert not errors['l1'].any() and 'person_l1' not in errors


@pytest.mark.parametrize(('change', 'message'), [
    (lambda images, targets: (images / 255, targets), 'uint8 of one shape'),
    (lambda images, targets: (images, targets[:2]), 'uint8 of one shape'),
    (lambda images, targets: (images[:, :8], targets[:, :8]), '11 x 11 pixels or more'),
    (lambda images, targets: (images, targets, np.zeros((3, 4, 4))), r'masks must be \(3, 16, 16\)'),
    (lambda images, targets: (images, targets, None, images[0] / 255), r'source must be \(16, 16, 3\) or \(3, 16, 16, 3\) uint8'),
    (lambda images, targets: (images, targets, None, images[:2]), 'source must be'),
])
def test_refusals(change, message):
    with pytest.raises(ValueError, match=message):
        image_errors(*change(*pair()))
