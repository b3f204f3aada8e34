-- Causes before and after a deploy, those first whose share has changed most.
SELECT
    cause,
    cause_by,
    countIf(start < {deploy:DateTime64(9, 'UTC')}) AS before,
    countIf(start >= {deploy:DateTime64(9, 'UTC')}) AS after,
    before / greatest(sum(before) OVER (), 1) AS share_before,
    after / greatest(sum(after) OVER (), 1) AS share_after,
    share_after - share_before AS shift
FROM kaanalyze.connections FINAL
WHERE start >= {from:DateTime64(9, 'UTC')} AND start < {to:DateTime64(9, 'UTC')}
GROUP BY cause, cause_by
ORDER BY abs(shift) DESC, cause, cause_by
