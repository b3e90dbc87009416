import { EdgeLabelRenderer, type EdgeProps, useStore } from '@xyflow/react';
import { memo } from 'react';
import type { LineEdge } from './flow-types.ts';

const LABEL_ZOOM = 0.9;

/** A line whose path was computed with the layout; merged ones carry their count. */
const Line = memo(function Line({ data, sourceX, sourceY, targetX, targetY }: EdgeProps<LineEdge>) {
  const near = useStore((s) => s.transform[2] > LABEL_ZOOM);
  if (!data) return null;
  return (
    <>
      <path className="line" d={data.path} data-kind={data.kind} />
      {near && data.count > 1 && (
        <EdgeLabelRenderer>
          <div
            className="line-count"
            style={{
              transform: `translate(-50%,-50%) translate(${(sourceX + targetX) / 2}px,${(sourceY + targetY) / 2}px)`,
            }}
          >
            ×{data.count}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
export const EDGE_TYPES = { line: Line };
