//! The look: shell, components, theme, assets.
