"""Frames are found by their numbers, and what is missing, damaged or of another size is named before the work."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mmagenc.datasets.frames import FramesError, check_frames, clip_frames, clip_masks, image_size, read_image

HEIGHT, WIDTH = 24, 40


def picture(number):
    """Red grows with the number; the blue half tells left from right."""
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    image[..., 0], image[:, WIDTH // 2:, 2] = 20 * number, 200
    return image


def write(folder, numbers=(1, 2, 3), suffix='.png', **options):
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        Image.fromarray(picture(number)).save(folder / f'{number:06d}{suffix}', **options)
    return folder


def clip(**more):
    return dict(frame_dir='0001', total_frames=3, img_shape=(HEIGHT, WIDTH), **more)


@pytest.mark.parametrize('place, more', [('frames/0001', {}), ('0001', {}), ('pictures/a', dict(frames_dir='pictures/a'))])
def test_frames_are_found_in_penns_layout_and_where_the_clip_says_so(tmp_path, place, more):
    write(tmp_path / place)
    frames = clip_frames(clip(**more), tmp_path)
    assert len(frames) == 3
    np.testing.assert_array_equal(frames.read(1), picture(2))  # RGB, in order
    np.testing.assert_array_equal(frames.read_all(), [picture(1), picture(2), picture(3)])
    check_frames([clip(**more)], tmp_path, decode=True)


def test_chosen_frames_are_read_by_their_numbers(tmp_path):
    write(tmp_path / 'frames/0001', numbers=(1, 4, 7, 9))
    frames = clip_frames(clip(frame_numbers=[7, 1, 4]), tmp_path)
    np.testing.assert_array_equal(frames.read_all([0, 2]), [picture(7), picture(4)])


@pytest.mark.parametrize('numbers', [[1, 2], [1., 2., 3.], [-1, 2, 3], 'abc'])
def test_frame_numbers_that_do_not_fit_the_clip_are_refused(tmp_path, numbers):
    write(tmp_path / 'frames/0001')
    with pytest.raises(FramesError, match=r'clip 0001: frame_numbers must be 3 whole numbers'):
        clip_frames(clip(frame_numbers=numbers), tmp_path)


def test_jpegs_are_read_as_well_as_a_name_in_capitals_and_other_files_are_passed_over(tmp_path):
    folder = write(tmp_path / 'frames/0001', suffix='.JPG', quality=95)
    (folder / 'notes.txt').write_text('no image')
    (folder / 'thumb.png').write_bytes(b'')
    assert np.abs(clip_frames(clip(), tmp_path).read(2).astype(int) - picture(3)).mean() < 5
    check_frames([clip()], tmp_path)


def test_masks_are_read_as_one_channel_and_most_clips_have_none(tmp_path):
    write(tmp_path / 'frames/0001')
    assert clip_masks(clip(), tmp_path) is None
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    mask[3:9, 4:8] = 255
    (tmp_path / 'masks/0001').mkdir(parents=True)
    for number in (1, 2, 3):
        cv2.imwrite(str(tmp_path / f'masks/0001/{number:06d}.png'), mask)
    np.testing.assert_array_equal(clip_masks(clip(masks_dir='masks/0001'), tmp_path).read(0, gray=True), mask)


def test_missing_frames_are_counted_and_the_first_is_named(tmp_path):
    write(tmp_path / 'frames/0001', numbers=(1, ))
    with pytest.raises(FramesError, match=r'clip 0001: 2 of 3 frames are missing, the first is .*frames/0001/000002 \(\.jpg'):
        clip_frames(clip(), tmp_path)


def test_a_missing_folder_is_said_with_the_place_that_was_looked_at(tmp_path):
    with pytest.raises(FramesError, match=r'clip 0001: no folder .*frames/0001;'):
        clip_frames(clip(), tmp_path)
    with pytest.raises(FramesError, match=r'clip 0001: no folder .*gone, which its frames_dir names'):
        clip_frames(clip(frames_dir='gone'), tmp_path)
    with pytest.raises(FramesError, match=r'clip 0001: masks_dir must name a folder, got 3'):
        clip_masks(clip(masks_dir=3), tmp_path)


def test_two_files_of_one_number_are_refused(tmp_path):
    write(tmp_path / 'frames/0001'), write(tmp_path / 'frames/0001', numbers=(2, ), suffix='.jpg')
    with pytest.raises(FramesError, match=r'000002.jpg and 000002.png have the same number'):
        clip_frames(clip(), tmp_path)


def broken(path, kind):
    content = path.read_bytes()
    path.write_bytes({'short': content[:-len(content) // 3], 'empty': b'', 'text': b'<html>not found</html>' * 9,
                      'zeros': content[:8] + bytes(len(content) - 20) + content[-12:]}[kind])


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
@pytest.mark.parametrize('kind', ['short', 'empty', 'text'])
def test_damaged_images_are_named_when_checked_and_when_read(tmp_path, suffix, kind):
    folder = write(tmp_path / 'frames/0001', suffix=suffix)
    broken(folder / f'000002{suffix}', kind)
    for decode in (False, True):
        with pytest.raises(FramesError, match=rf'(?s)the images of 1 of 1 clips.*clip 0001: .*000002{suffix}: '):
            check_frames([clip()], tmp_path, decode=decode)
    with pytest.raises(FramesError, match=rf'clip 0001, frame 1: .*000002{suffix}: '):
        clip_frames(clip(), tmp_path).read(1)


def test_damage_between_beginning_and_end_is_found_by_decoding(tmp_path):
    broken(write(tmp_path / 'frames/0001') / '000003.png', 'zeros')
    with pytest.raises(FramesError, match=r'000003.png: cannot be decoded'):
        check_frames([clip()], tmp_path, decode=True)


@pytest.mark.parametrize('decode', [False, True])
def test_frames_of_another_size_than_the_file_says_are_named(tmp_path, decode):
    folder = write(tmp_path / 'frames/0001')
    Image.new('RGB', (WIDTH, HEIGHT + 2)).save(folder / '000003.png')
    with pytest.raises(FramesError, match=r'000003.png has height and width \(26, 40\), img_shape says \(24, 40\)'):
        check_frames([clip()], tmp_path, decode=decode)
    with pytest.raises(FramesError, match=r'000003.png has height and width \(26, 40\), its first frame has \(24, 40\)'):
        check_frames([dict(clip(), img_shape=None)], tmp_path, decode=decode)
    with pytest.raises(FramesError, match='different heights and widths'):
        clip_frames(clip(), tmp_path).read_all()


def test_every_clip_is_looked_at_and_ten_are_named(tmp_path):
    clips, seen = [dict(clip(), frame_dir=f'{number:04d}') for number in range(12)], []
    with pytest.raises(FramesError, match=r'(?s)images of 12 of 12 clips.*clip 0009.*… and 2 more') as raised:
        check_frames(clips, tmp_path, progress=lambda: seen.append(1))
    assert len(seen) == 12 and 'clip 0010' not in str(raised.value)


@pytest.mark.parametrize('orientation', [1, 3, 6, 8])
def test_size_is_that_of_the_image_as_it_is_read(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture(1)).save(tmp_path / 'a.jpg', exif=exif)
    assert image_size(tmp_path / 'a.jpg') == read_image(tmp_path / 'a.jpg').shape[:2]


def test_a_file_that_is_not_there_is_named(tmp_path):
    for read in (read_image, image_size):
        with pytest.raises(FramesError, match=r'gone.png: No such file'):
            read(tmp_path / 'gone.png')
