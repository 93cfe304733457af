"""Packages of apk from trees and metadata: what `builtin:apk` does (docs/apk.md)."""
