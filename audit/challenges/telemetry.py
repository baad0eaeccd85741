"""What the capture page reports of camera, frames, cues and itself.

All of it comes from the person's machine, and a program there can say anything. It is checked for
what contradicts itself, the recording and the server's clock; that nothing contradicts proves
nothing.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MOST_FRAMES = 12_000  # ten minutes at 20 frames a second; a body is limited as well
_Text = Annotated[str, StringConstraints(max_length=300)]
_Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Reported(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoSettings(_Reported):
    """`MediaTrackSettings` of the video track; what a browser leaves out is null."""

    width: Annotated[int | None, Field(ge=0, le=100_000, description="Pixels.")] = None
    height: Annotated[int | None, Field(ge=0, le=100_000, description="Pixels.")] = None
    frame_rate: Annotated[_Finite | None, Field(description="Frames a second.")] = None
    facing_mode: Annotated[_Text | None, Field(description="`user` or `environment`.")] = None
    device_id_sha256: Annotated[
        _Sha256 | None, Field(description="Of the browser's own id of the device.")
    ] = None


class Frame(_Reported):
    """One frame as `requestVideoFrameCallback` told of it; milliseconds of the page's clock."""

    at: Annotated[_Finite, Field(description="When the page was told.")]
    presented: Annotated[_Finite, Field(description="`presentationTime`.")]
    media_s: Annotated[_Finite, Field(description="`mediaTime`, seconds.")]
    count: Annotated[int, Field(ge=0, le=10**9, description="`presentedFrames`.")]
    captured: Annotated[_Finite | None, Field(description="`captureTime`, where told.")] = None


class ShownCue(_Reported):
    """A step as the page showed it."""

    cue: Annotated[int, Field(ge=0, le=100, description="Which cue, from 0.")]
    step: Annotated[int, Field(ge=0, le=100, description="Which of its steps, from 0.")]
    at: Annotated[_Finite, Field(description="Milliseconds of the page's clock.")]


class Visibility(_Reported):
    """A change of whether the page could be seen."""

    state: Annotated[Literal["visible", "hidden"], Field(description="What it became.")]
    at: Annotated[_Finite, Field(description="Milliseconds of the page's clock.")]


class Telemetry(_Reported):
    """All that the page reports. Times `at` are milliseconds of `performance.now()`."""

    nonce: Annotated[_Sha256, Field(description="Of the challenge.")]
    label: Annotated[_Text, Field(description="Name of the camera in use.")]
    labels: Annotated[
        tuple[_Text, ...], Field(max_length=50, description="Names of all cameras there are.")
    ] = ()
    requested: Annotated[VideoSettings, Field(description="What the page asked for.")]
    reported: Annotated[VideoSettings, Field(description="`getSettings()` at the start.")]
    reported_end: Annotated[VideoSettings, Field(description="The same at the end.")]
    element_width: Annotated[int, Field(ge=0, le=100_000, description="`videoWidth`.")]
    element_height: Annotated[int, Field(ge=0, le=100_000, description="`videoHeight`.")]
    frame_callback: Annotated[bool, Field(description="Whether the browser tells of frames.")]
    frames: Annotated[
        tuple[Frame, ...], Field(max_length=MOST_FRAMES, description="All frames seen.")
    ] = ()
    cues: Annotated[tuple[ShownCue, ...], Field(max_length=200, description="Steps shown.")] = ()
    visibility: Annotated[
        tuple[Visibility, ...], Field(max_length=500, description="Changes of it.")
    ] = ()
    started_at: Annotated[_Finite, Field(description="When recording began.")]
    stopped_at: Annotated[_Finite, Field(description="When recording ended.")]
    clock_start_ms: Annotated[_Finite, Field(description="`Date.now()` when recording began.")]
    clock_stop_ms: Annotated[_Finite, Field(description="`Date.now()` when recording ended.")]
    recorder_type: Annotated[_Text, Field(description="`MediaRecorder.mimeType`.")]
    screen: Annotated[
        tuple[Annotated[int, Field(ge=0, le=100_000)], Annotated[int, Field(ge=0, le=100_000)]],
        Field(description="Width and height of the window, CSS pixels."),
    ]
    agent: Annotated[_Text, Field(description="`navigator.userAgent`.")]

    @property
    def recorded_s(self) -> float:
        """Seconds between start and stop, by the page's clock."""
        return (self.stopped_at - self.started_at) / 1000

    def plain(self) -> dict[str, Any]:
        """As it is stored."""
        return self.model_dump(mode="json")
