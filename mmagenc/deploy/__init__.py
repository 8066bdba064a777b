"""Models that leave: files for other programs, and recognition of frames as they come.

What runs such a file (:mod:`.standalone`, :mod:`.stream`, :mod:`.sources`) imports neither torch nor OpenMMLab; what writes it does. So
nothing is imported here.
"""
