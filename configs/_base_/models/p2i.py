# The pose-to-image network of ACT-VAE at its published size, in 13 keypoints of 9 actions.
model = dict(type='PoseToImage', num_joints=13, num_classes=9, channels=64, num_blocks=9)
