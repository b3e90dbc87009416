"""Times what is queued on the card."""
import statistics


def timed(torch, run, repeat, warmup):
    """Median milliseconds of `repeat` runs between two events of the card, after `warmup` runs that do not count."""
    for _ in range(warmup):
        run()
    samples = []
    for _ in range(repeat):
        a, b = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        a.record()
        run()
        b.record()
        b.synchronize()
        samples.append(a.elapsed_time(b))
    return statistics.median(samples)
