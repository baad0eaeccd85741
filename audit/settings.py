"""One frozen settings object, made at the edge (CLI, app, worker) and passed down.

Environment variables start with `FAIRWITNESS_`; nested fields use two underscores, for example
`FAIRWITNESS_LIMITS__WALL_S=600`. No other module reads the environment.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from audit.records.access import Role


class Limits(BaseModel):
    """What the decoding subprocess may use, per file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory_mb: int = Field(1536, ge=256, description="address space of the subprocess, MiB")
    cpu_s_per_minute: float = Field(30.0, gt=0, description="CPU seconds per minute of media")
    cpu_s_base: float = Field(60.0, gt=0, description="CPU seconds allowed whatever the length")
    wall_s: float = Field(3600.0, gt=0, description="wall clock for one pass over a file")
    stall_s: float = Field(60.0, gt=0, description="wall clock without any output")
    file_mb: int = Field(16384, ge=1, description="largest file, MiB")
    duration_s: float = Field(4 * 3600.0, gt=0, description="longest recording")
    pixels: int = Field(4096 * 2304, ge=1, description="largest frame of a video")
    still_pixels: int = Field(64_000_000, ge=1, description="largest single image")
    streams: int = Field(16, ge=1, description="most streams in a file")
    packets: int = Field(4_000_000, ge=1, description="most packets in a file")
    images: int = Field(20_000, ge=1, description="most files in an image sequence")
    nesting: int = Field(32, ge=1, description="deepest nesting of container boxes")


class Sampling(BaseModel):
    """How much of a long recording is decoded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dense_up_to_s: float = Field(120.0, description="recordings this short are decoded in full")
    burst_s: float = Field(4.0, description="length of a full-rate burst in long recordings")
    burst_every_s: float = Field(60.0, description="one burst in each stretch of this length")
    bursts: int = Field(20, ge=1, description="bursts from which on stretches grow longer instead")
    burst_every_most_s: float = Field(120.0, description="... up to this length")
    burst_rate: float = Field(15.0, gt=0, description="least faces per second looked at in bursts")
    sample_step_s: float = Field(1.0, description="wanted step between sampled faces")
    max_gap_s: float = Field(2.0, description="largest stretch without a decoded frame")
    max_samples: int = Field(600, ge=16, description="most face samples kept in memory")
    max_side: int = Field(1280, description="frames are reduced to this longer side, pixels")
    scout_share: float = Field(0.15, description="most of the recording that scouts may ask for")


class Webhooks(BaseModel):
    """Where webhooks may go and how long one attempt may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_hosts: tuple[str, ...] = Field(
        (), description="internal hosts that the operator trusts: host or host:port"
    )
    allow_http_loopback: bool = Field(
        False, description="for development: http, and any port, to this machine itself"
    )
    timeout_s: float = Field(15.0, gt=0, le=60, description="wall clock for one attempt")
    max_attempts: int = Field(10, ge=1, le=30, description="attempts before a delivery is dead")


class Jobs(BaseModel):
    """How workers take up jobs and notice one another's deaths."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpu_slots: int = Field(1, ge=1, description="jobs of queue cpu at once in a process")
    gpu_slots: int = Field(1, ge=1, description="jobs of queue gpu at once in a process")
    light_slots: int = Field(4, ge=1, description="jobs of queue light at once in a process")
    poll_s: float = Field(0.5, gt=0, description="seconds between looks for new jobs")
    beat_s: float = Field(5.0, gt=0, description="seconds between signs of life")
    stale_s: float = Field(20.0, gt=0, description="silence after which a worker counts as dead")
    give_up_after: int = Field(3, ge=1, description="workers that may die in one step of a job")
    stop_s: float = Field(20.0, ge=0, description="seconds that running jobs get at a stop")


class Storage(BaseModel):
    """Where media lies, sealed, and how uploads arrive. See docs/media-storage.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["local", "s3"] = Field("local", description="a folder, or an S3-compatible store")
    path: Path = Field(
        Path.home() / ".local" / "share" / "fairwitness" / "media", description="folder of `local`"
    )
    bucket: str | None = Field(None, description="bucket of `s3`; it must exist")
    endpoint: str | None = Field(None, description="address of `s3`; none = AWS in that region")
    region: str = Field("us-east-1", description="region of `s3`")
    access_key_id: SecretStr | None = Field(None, description="credentials of `s3`")
    secret_access_key: SecretStr | None = Field(None, description="credentials of `s3`")
    scratch_dir: Path = Field(
        Path(tempfile.gettempdir()) / "fairwitness", description="folder of decrypted working files"
    )
    scratch_memory_dir: Path | None = Field(
        None, description="folder in a memory file system, used while it has room"
    )
    free_floor_mb: int = Field(1024, ge=0, description="free disk space that writing must leave")
    tenant_quota_mb: int = Field(0, ge=0, description="media bytes of one tenant; 0 = no quota")
    upload_part_mb: int = Field(16, ge=1, le=256, description="an upload is sealed in parts of it")
    upload_ttl_hours: float = Field(24.0, gt=0, description="an upload expires this long after use")
    registered_stores: Path | None = Field(None, description="TOML file of stores to pull from")


class Api(BaseModel):
    """How the service answers over HTTP. See docs/api.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threads: int = Field(40, ge=1, le=1000, description="requests that a process works on at once")
    body_kib: int = Field(1024, ge=1, description="largest JSON body, KiB")
    key_cache_s: float = Field(
        5.0, ge=0, le=60, description="a revoked key may go on this long in other processes"
    )
    key_days: int = Field(365, ge=1, le=1825, description="days after which a new key ends")
    session_idle_min: int = Field(
        30,
        ge=1,
        le=1440,
        description="minutes without a request after which a person signs in anew",
    )
    session_hours: int = Field(
        12, ge=1, le=168, description="hours after which a person signs in anew in any case"
    )
    reads_per_minute: int = Field(6000, ge=1, description="reads of a key, in a process")
    writes_per_minute: int = Field(3000, ge=1, description="writes of a key, in a process")
    comparisons_per_minute: int = Field(
        30, ge=1, description="biometric comparisons of a key, in a process"
    )
    public_per_minute: int = Field(
        120, ge=1, description="requests of an address for public pages and links, in a process"
    )
    metrics_token: SecretStr | None = Field(
        None, description="who sends it may read /metrics; none = this machine only"
    )
    traces_endpoint: str | None = Field(None, description="OTLP over HTTP address of traces")
    trusted_proxies: str = Field(
        "127.0.0.1", description="addresses whose X-Forwarded-* are believed, with commas"
    )
    base_url: str = Field("http://127.0.0.1:8000", description="how others reach the service")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug | info | warning | error"
    )
    lag_s: float = Field(900.0, gt=0, description="jobs waiting longer make /readyz say so")
    stop_s: float = Field(20.0, ge=0, description="seconds that requests get at a stop")


class Company(BaseModel):
    """An identity provider (OpenID Connect) by which the people of one organisation sign in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(pattern=r"^https://|^http://(127\.0\.0\.1|localhost)(:|/|$)")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    label: str = Field("Sign in with your company's account", min_length=1, max_length=80)
    scopes: tuple[str, ...] = ("openid", "profile")
    roles_claim: str = "groups"
    roles: dict[str, Role] = Field(min_length=1)


class Settings(BaseSettings):
    """All settings. See docs/settings.md."""

    model_config = SettingsConfigDict(
        env_prefix="FAIRWITNESS_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    weights_dir: Path = Field(
        Path.home() / ".cache" / "fairwitness" / "weights", description="where weights are stored"
    )
    threads: int = Field(1, ge=1, description="threads per inference session")
    seed: int = Field(20261122, description="seed of every sampled choice; recorded in reports")
    attack_prior: float = Field(
        0.01,
        gt=0,
        lt=1,
        description="assumed share of recordings with an attack; reports state it, nothing uses it",
    )
    face_backend: str = Field("dlib", description="dlib | insightface")
    voice_backend: str = Field("ge2e", description="ge2e | speechbrain")
    insightface_dir: Path | None = Field(None, description="folder of an InsightFace pack")
    speechbrain_dir: Path | None = Field(None, description="folder of a SpeechBrain encoder")
    optional_signals: tuple[str, ...] = Field(
        (), description="signals that are off by default and may run here, as a JSON list"
    )
    c2pa_trust_anchors: Path | None = Field(None, description="PEM file of trusted signers")
    c2pa_sign_certificates: Path | None = Field(
        None, description="PEM file of the chain that signs exported evidence; none = unsigned"
    )
    c2pa_sign_key: Path | None = Field(None, description="PEM file of its private key")
    master_keys: SecretStr | None = Field(None, description="'version:base64' lines of keys")
    master_keys_file: Path | None = Field(None, description="file of such lines")
    master_keys_provider: str | None = Field(
        None, description="name of an installed key service (entry point audit.master_keys)"
    )
    data_dir: Path = Field(
        Path.home() / ".local" / "share" / "fairwitness", description="the service's own folder"
    )
    database_url: SecretStr | None = Field(
        None, description="sqlite:///FILE or postgresql://...; none = fairwitness.db in data_dir"
    )
    packs_dir: Path | None = Field(
        None, description="folder of an organisation's own rule packs, beside those that ship"
    )
    gallery_mb: int = Field(
        1024, ge=64, description="memory of a worker for galleries that are searched"
    )
    companies: dict[str, Company] = Field(
        {}, description="identity providers by organisation, as JSON; see docs/workplace.md"
    )
    storage: Storage = Storage()
    limits: Limits = Limits()
    sampling: Sampling = Sampling()
    webhooks: Webhooks = Webhooks()
    jobs: Jobs = Jobs()
    api: Api = Api()
