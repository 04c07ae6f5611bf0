"""Pages of landing (归集): my department's resources, batches, refused rows."""
