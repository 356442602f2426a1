"""Dead letters: `letter` is one of them, `queue` lists them and sends them on their way again."""
