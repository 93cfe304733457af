"""What the actions of `chx store` do: asking (`asking`), keeping and removing (`keeping`), checking (`checking`), drawing graphs (`graph`)."""
