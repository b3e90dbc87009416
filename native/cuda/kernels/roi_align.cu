// RoiAlign: regions of a feature map, averaged or maximized over bilinear samples of each bin. X_T, ROI_T, INDEX_T, ACC;
// MAXIMUM, HALF_PIXEL, RATIO (samples along each axis of a bin; 0 = as many as pixels).
#include "fault.cuh"
#include "ops.cuh"
#include "loop.cuh"

struct RoiAlign {
    Loop loop;  ///< regions, channels, rows and columns of bins
    View x, regions, images, y;
    int batch, height, width;
    ACC scale;
};

struct Bin {
    ACC sum, best;
    SINTER_DEVICE void add(const RoiAlign& r, const X_T* plane, ACC y, ACC x) {
        if (y < ACC(-1) || y > ACC(r.height) || x < ACC(-1) || x > ACC(r.width)) {
            best = best > ACC(0) ? best : ACC(0);
            return;
        }
        y = y < ACC(0) ? ACC(0) : y;
        x = x < ACC(0) ? ACC(0) : x;
        int y0 = static_cast<int>(y), x0 = static_cast<int>(x), y1 = y0 + 1, x1 = x0 + 1;
        if (y0 >= r.height - 1) {
            y0 = y1 = r.height - 1;
            y = ACC(y0);
        }
        if (x0 >= r.width - 1) {
            x0 = x1 = r.width - 1;
            x = ACC(x0);
        }
        const ACC ly = y - ACC(y0), lx = x - ACC(x0);
        const auto pixel = [&](int i, int j) { return convert<ACC>(plane[i * r.x.strides[2] + j * r.x.strides[3]]); };
        const ACC v[4] = {(ACC(1) - ly) * (ACC(1) - lx) * pixel(y0, x0), (ACC(1) - ly) * lx * pixel(y0, x1), ly * (ACC(1) - lx) * pixel(y1, x0), ly * lx * pixel(y1, x1)};
        sum += v[0] + v[1] + v[2] + v[3];
#pragma unroll
        for (int i = 0; i < 4; ++i) best = best > v[i] ? best : v[i];
    }
};

extern "C" __global__ void __launch_bounds__(256) roi_align(const RoiAlign r, const Fault fault) {
    follow_producers();
    const int rows = r.loop.size(2), columns = r.loop.size(3);
    SINTER_FOR_ITEMS(item, r.loop.total) {
        int at[8];
        r.loop.coordinates(item, at);
        const int64_t given = static_cast<int64_t>(address<const INDEX_T>(r.images)[at[0] * r.images.strides[0]]);
        if (given < 0 || given >= r.batch) report_fault(fault, static_cast<int64_t>(at[0]) << 32 | (given & 0xffffffffll), r.batch);
        const int64_t image = given < 0 || given >= r.batch ? 0 : given;
        ACC box[4];
#pragma unroll
        for (int i = 0; i < 4; ++i)
            box[i] = convert<ACC>(address<const ROI_T>(r.regions)[at[0] * r.regions.strides[0] + i * r.regions.strides[1]]) * r.scale - (HALF_PIXEL ? ACC(0.5) : ACC(0));
        ACC w = box[2] - box[0], h = box[3] - box[1];
        if (!HALF_PIXEL) {
            w = w > ACC(1) ? w : ACC(1);
            h = h > ACC(1) ? h : ACC(1);
        }
        const ACC step_y = h / ACC(rows), step_x = w / ACC(columns);
        const int ny = RATIO > 0 ? RATIO : static_cast<int>(ceil(step_y)), nx = RATIO > 0 ? RATIO : static_cast<int>(ceil(step_x));
        const X_T* plane = address<const X_T>(r.x) + image * r.x.strides[0] + at[1] * r.x.strides[1];
        Bin bin{ACC(0), -__uint_as_float(0x7f800000u)};
        for (int sy = 0; sy < ny; ++sy)
            for (int sx = 0; sx < nx; ++sx)
                bin.add(r, plane, box[1] + ACC(at[2]) * step_y + (ACC(sy) + ACC(0.5)) * step_y / ACC(ny), box[0] + ACC(at[3]) * step_x + (ACC(sx) + ACC(0.5)) * step_x / ACC(nx));
        const int count = ny * nx > 1 ? ny * nx : 1;
        const ACC result = MAXIMUM ? (bin.best - bin.best == ACC(0) ? bin.best : ACC(0)) : bin.sum / ACC(count);
        address<X_T>(r.y)[offset_of(r.y, at, 4)] = convert<X_T>(result);
    }
}
