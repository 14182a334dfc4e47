-- Products with the most views. $1: how many.
SELECT p.id
FROM products p
JOIN product_analytics a ON a.product_id = p.id
ORDER BY a.view_count DESC, p.id
LIMIT $1;
