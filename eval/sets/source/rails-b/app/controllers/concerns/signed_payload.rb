module SignedPayload
  extend ActiveSupport::Concern

  private

  def check_signature
    want = OpenSSL::HMAC.hexdigest("SHA256", ENV.fetch("SCALE_KEY"), request.raw_post)
    given = request.headers["X-Scale-Signature"].to_s
    head :unauthorized unless ActiveSupport::SecurityUtils.secure_compare(want, given)
  end
end
