"""What agents may ask the registry: the rulebook in force, so that they know their bounds."""

from registry.api.workflows import router

__all__ = ["router"]
