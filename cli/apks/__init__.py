"""The actions of `chx apk`."""
