"""Reading media in a limited subprocess: headers, sound, pictures. See docs/media.md."""

from __future__ import annotations

from audit.media.headers import probe
from audit.media.pictures import PictureStream, grab, read_pictures
from audit.media.plan import Picture, PicturePlan, plan_pictures
from audit.media.sound import read_audio
from audit.media.sources import MediaSource
from audit.media.timeline import Timeline, timeline

__all__ = [
    "MediaSource",
    "Picture",
    "PicturePlan",
    "PictureStream",
    "Timeline",
    "grab",
    "plan_pictures",
    "probe",
    "read_audio",
    "read_pictures",
    "timeline",
]
