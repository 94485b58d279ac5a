"""Controllers: what watches and log say becomes reconciles."""
