"""Is the media genuine and live? One file per detector."""
