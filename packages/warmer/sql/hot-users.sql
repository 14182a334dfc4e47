-- Users with the most accesses of the last hours. $1: hours, $2: how many.
SELECT user_id
FROM access_logs
WHERE created_at > now() - make_interval(hours => $1::int)
GROUP BY user_id
ORDER BY count(*) DESC, user_id
LIMIT $2;
