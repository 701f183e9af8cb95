"""What has to be closed again."""


class Closing:
    """`with` one of these ends in its close()."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
