"""The spine: values, media, weights, detectors, findings. It imports none of the other packages."""
